package delivery

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
)

// Keeper keeps deliveries; *store.Store does.
type Keeper interface {
	// InsertDelivery keeps a delivery. The state is empty where one with the same
	// GUID was kept before.
	InsertDelivery(ctx context.Context, d Delivery) (State, error)
}

// Connection is where GitHub sends the deliveries of one hook.
type Connection struct {
	Name        string // in the path
	WorkspaceID string
	Secrets     []string // that sign; none: nothing is accepted
}

// Request is what came with a delivery.
type Request struct {
	Connection  string
	GUID        string // X-GitHub-Delivery
	Event       string // X-GitHub-Event
	Signature   string // X-Hub-Signature-256
	ContentType string
	Body        []byte
}

// Receiver takes deliveries. It is safe for concurrent use.
type Receiver struct {
	Directory   Directory // of connections; nil: there are none
	Collections *collection.Registry
	Keeper      Keeper
	Announce    func(Repository) // tells the watch, and does not wait for it
	Metrics     *Metrics         // nil: nothing is counted
	Logger      *slog.Logger
}

// Knows tells whether there is a connection of that name. CodeUnavailable: that cannot
// be told now.
func (r *Receiver) Knows(ctx context.Context, connection string) (bool, error) {
	_, ok, err := r.lookup(ctx, connection)
	return ok, err
}

func (r *Receiver) lookup(ctx context.Context, name string) (Connection, bool, error) {
	if r.Directory == nil {
		return Connection{}, false, nil
	}
	return r.Directory.Lookup(ctx, name)
}

// Refuse counts a request that was not read.
func (r *Receiver) Refuse(ctx context.Context) { r.Metrics.Count(ctx, "", OutcomeRefused, 1) }

// Receive verifies a delivery and keeps it, and has its repository's watch told of
// it. CodeNotFound: there is no such connection. CodeUnauthorized: it is not signed
// with the connection's secret. CodeInvalid: a header or the payload cannot be read.
func (r *Receiver) Receive(ctx context.Context, in Request) (Outcome, error) {
	d, err := r.verify(ctx, in)
	if err != nil {
		r.Refuse(ctx)
		r.Logger.WarnContext(ctx, "a webhook delivery was refused", "connection", in.Connection, "error", err)
		return OutcomeRefused, err
	}
	outcome, err := r.keep(ctx, d)
	r.Metrics.Count(ctx, d.Event, outcome, 1)
	return outcome, err
}

// verify checks the signature before it looks at anything else of the request.
func (r *Receiver) verify(ctx context.Context, in Request) (Delivery, error) {
	c, ok, err := r.lookup(ctx, in.Connection)
	if err != nil {
		return Delivery{}, err
	}
	if !ok {
		return Delivery{}, operation.NotFound("There is no such connection.")
	}
	if err := checkSignature(c, in); err != nil {
		return Delivery{}, err
	}
	if err := checkGUID(in.GUID); err != nil {
		return Delivery{}, err
	}
	if !isEvent(in.Event) {
		return Delivery{}, unreadable("The header X-GitHub-Event has to name an event.", nil)
	}
	payload, err := payloadOf(in.ContentType, in.Body)
	if err != nil {
		return Delivery{}, err
	}
	d, err := parse(r.Collections, in.Event, payload)
	d.WorkspaceID, d.Connection, d.GUID = c.WorkspaceID, c.Name, in.GUID
	return d, err
}

func checkSignature(c Connection, in Request) error {
	if Verify(c.Secrets, in.Signature, in.Body) {
		return nil
	}
	message := "The signature in X-Hub-Signature-256 is not the body's with this connection's secret."
	switch {
	case len(c.Secrets) == 0:
		message = "No secret is set for this connection, so that nothing can be verified: give it one, or set HOLDFAST_WEBHOOK_SECRET."
	case in.Signature == "":
		message = "The delivery is not signed: set the connection's secret in the hook's settings."
	}
	return &operation.Error{Code: operation.CodeUnauthorized, Message: message}
}

func (r *Receiver) keep(ctx context.Context, d Delivery) (Outcome, error) {
	state, err := r.Keeper.InsertDelivery(ctx, d)
	switch {
	case err != nil:
		return OutcomeFailed, fmt.Errorf("keep delivery %s: %w", d.GUID, err)
	case state == "":
		return OutcomeDuplicate, nil
	case d.Event == ping:
		return OutcomePing, nil
	case state != StatePending:
		return OutcomeIgnored, nil
	}
	r.Announce(Repository{WorkspaceID: d.WorkspaceID, ID: d.RepositoryID})
	return OutcomeStored, nil
}

// ping is the event that GitHub sends when a hook is made.
const ping = "ping"

const maxEvent = 64

// isEvent tells whether a header may name an event: small letters and underscores,
// as in all of GitHub's. Which events there are is GitHub's business.
func isEvent(name string) bool {
	for _, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return name != "" && len(name) <= maxEvent
}
