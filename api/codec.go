package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// maxPayloads bounds what is decoded at once, in bytes: Temporal's UI sends what it
// shows of one event, and Temporal lets one answer be 4 MiB, which base64 makes longer.
const maxPayloads = 8 << 20

// Codec decodes the payloads that Temporal keeps, for those who may read them.
type Codec interface {
	// Decode and Encode take and return a list of payloads as Temporal's remote codecs
	// write it: temporal.api.common.v1.Payloads as JSON. CodeInvalid for a body that is
	// none, or a payload that cannot be read; CodeConflict where nothing is encrypted.
	Decode(ctx context.Context, payloads []byte) ([]byte, error)
	Encode(ctx context.Context, payloads []byte) ([]byte, error)
	// Seal encrypts what a browser is given to bring back, and Open decrypts it.
	// CodeConflict where nothing is encrypted.
	Seal(text string) (string, error)
	Open(sealed string) (string, error)
}

// noCodec is the codec of an API that was given none.
type noCodec struct{}

func (noCodec) refuse() error                                    { return operation.Conflict("Payloads are not encrypted here.") }
func (c noCodec) Decode(context.Context, []byte) ([]byte, error) { return nil, c.refuse() }
func (c noCodec) Encode(context.Context, []byte) ([]byte, error) { return nil, c.refuse() }
func (c noCodec) Seal(string) (string, error)                    { return "", c.refuse() }
func (c noCodec) Open(string) (string, error)                    { return "", c.refuse() }

// payloadList documents the body; the codec itself reads and writes it.
type payloadList struct {
	Payloads []struct {
		Metadata map[string]string `json:"metadata,omitempty" doc:"Values are base64; encoding is among them."`
		Data     string            `json:"data,omitempty" doc:"Base64."`
	} `json:"payloads,omitempty" nullable:"false"`
}

type codecInput struct {
	// What Temporal's UI adds to its requests. Holdfast has one namespace and keeps
	// nothing outside of payloads.
	PreserveStorageRefs string `query:"preserveStorageRefs" hidden:"true"`
	RawBody             []byte `contentType:"application/json"`
}

type codecOutput struct {
	Body json.RawMessage
}

// codecSpec describes one direction of the codec.
func codecSpec(config huma.Config, id, summary string) huma.Operation {
	schema := config.Components.Schemas.Schema(reflect.TypeFor[payloadList](), true, "PayloadList")
	content := map[string]*huma.MediaType{jsonContent: {Schema: schema}}
	return huma.Operation{
		OperationID: id, Summary: summary, Tags: []string{"codec"}, MaxBodyBytes: maxPayloads,
		Metadata: map[string]any{bodySchema: schema},
		Description: "Temporal's remote codec protocol. Needs the role admin in the installation's own workspace, shown by a token, or by the " +
			"cookie of /v1/codec/session and an Origin that is the Temporal UI's.",
		Security:    append(needsToken(), map[string][]string{sessionScheme: {}}),
		RequestBody: &huma.RequestBody{Required: true, Content: content},
		// The codec reads it, and what a newer UI may add to it.
		SkipValidateBody: true,
		Responses:        map[string]*huma.Response{"200": {Description: "The payloads in their order", Content: content}},
		Errors: []int{
			http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusBadRequest,
			http.StatusRequestTimeout,
		},
	}
}

func (a *API) decodePayloads(ctx context.Context, in *codecInput) (*codecOutput, error) {
	return a.convertPayloads(ctx, in, a.opts.Codec.Decode)
}

func (a *API) encodePayloads(ctx context.Context, in *codecInput) (*codecOutput, error) {
	return a.convertPayloads(ctx, in, a.opts.Codec.Encode)
}

func (a *API) convertPayloads(ctx context.Context, in *codecInput, convert func(context.Context, []byte) ([]byte, error)) (*codecOutput, error) {
	out, err := convert(ctx, in.RawBody)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &codecOutput{Body: out}, nil
}
