package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
)

// deliveryTimeout bounds a delivery, the reading of its body included: GitHub gives
// up after 10 s (docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks).
const deliveryTimeout = 9 * time.Second

// signatureScheme is the signature that a delivery shows, in the OpenAPI document.
const signatureScheme = "signature"

// Webhooks takes the deliveries of GitHub's webhooks.
type Webhooks interface {
	// Knows tells whether there is a connection of that name. CodeUnavailable.
	Knows(ctx context.Context, connection string) (bool, error)
	// Receive verifies a delivery and keeps it. CodeUnauthorized when it is not signed
	// as it has to be; CodeInvalid when it cannot be read.
	Receive(ctx context.Context, r delivery.Request) (delivery.Outcome, error)
	// Refuse counts a delivery whose body was not read.
	Refuse(ctx context.Context)
}

// receipt is the answer to a delivery. GitHub shows it among the hook's recent deliveries.
type receipt struct {
	GUID    string           `json:"guid" doc:"X-GitHub-Delivery."`
	Outcome delivery.Outcome `json:"outcome" enum:"stored,ignored,duplicate,ping" doc:"stored: it will be worked; ignored: it was kept, and nothing that is mirrored is concerned; duplicate: it was kept before; ping: somebody is here."`
}

func webhookSpec(config huma.Config) huma.Operation {
	text := &huma.Schema{Type: huma.TypeString}
	header := func(name, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: doc, Schema: text}
	}
	payload := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "GitHub's payload of the event.", Examples: []any{map[string]any{"zen": "Speak like a human."}}}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"payload"}, Properties: map[string]*huma.Schema{"payload": text}}
	answer := config.Components.Schemas.Schema(reflect.TypeFor[receipt](), true, "Receipt")
	responses := problems(config, http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
		http.StatusInternalServerError, http.StatusServiceUnavailable)
	responses["202"] = &huma.Response{Description: "It was kept, now or before", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}}
	return huma.Operation{
		OperationID: "receive-delivery", Summary: "Take a webhook delivery", Tags: []string{"webhooks"},
		Description: "Where GitHub sends a hook's deliveries. Needs no token: a delivery is verified by its signature, and answered once it is stored.",
		Security:    []map[string][]string{{signatureScheme: {}}},
		Parameters: []*huma.Param{
			{Name: "connection", In: "path", Required: true, Description: "The id of the connection that the hook is for; default is the environment's.", Schema: text},
			header("X-GitHub-Delivery", "The delivery's GUID. One that was kept before is answered and not kept again."),
			header("X-GitHub-Event", "The event. One that is not known is kept."),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: payload}, "application/x-www-form-urlencoded": {Schema: form},
		}},
		Responses: responses,
	}
}

// receiveDelivery answers GitHub.
func (a *API) receiveDelivery(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), deliveryTimeout)
	defer cancel()
	connection := chi.URLParam(r, "connection")
	known, err := a.opts.Webhooks.Knows(ctx, connection)
	if err != nil {
		a.fail(ctx, err).write(w)
		return
	}
	if !known {
		newProblem(ctx, http.StatusNotFound, string(operation.CodeNotFound), "There is no such connection.").write(w)
		return
	}
	body, leave, problem := a.intake.read(ctx, w, r)
	defer leave()
	if problem != nil {
		a.opts.Webhooks.Refuse(ctx)
		problem.write(w)
		return
	}
	guid := only(r.Header, "X-GitHub-Delivery")
	outcome, err := a.opts.Webhooks.Receive(ctx, delivery.Request{
		Connection: connection, GUID: guid, Event: only(r.Header, "X-GitHub-Event"),
		Signature: only(r.Header, "X-Hub-Signature-256"), ContentType: only(r.Header, "Content-Type"), Body: body,
	})
	if err != nil {
		a.failDelivery(ctx, err).write(w)
		return
	}
	a.writeReceipt(ctx, w, receipt{GUID: guid, Outcome: outcome})
}

func (a *API) failDelivery(ctx context.Context, err error) *Problem {
	p := a.fail(ctx, err)
	if p.Status == http.StatusUnauthorized {
		return p.with("WWW-Authenticate", `HMAC-SHA256 realm="holdfast", header="X-Hub-Signature-256"`)
	}
	return p
}

func (a *API) writeReceipt(ctx context.Context, w http.ResponseWriter, of receipt) {
	body, err := json.Marshal(of)
	if err != nil {
		a.fail(ctx, fmt.Errorf("encode a receipt: %w", err)).write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	w.Write(append(body, '\n')) //nolint:errcheck // GitHub is gone; the delivery is kept
}

// only is a header's value. One that is sent twice has none that could be trusted to
// be what a proxy has looked at: together they are none.
func only(h http.Header, name string) string { return strings.Join(h.Values(name), ", ") }
