package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/progress"
)

// asyncAPI is the part of an AsyncAPI document, version 3.0.0, that this API has use for.
type asyncAPI struct {
	AsyncAPI           string                    `json:"asyncapi"`
	Info               asyncInfo                 `json:"info"`
	DefaultContentType string                    `json:"defaultContentType"`
	Channels           map[string]asyncChannel   `json:"channels"`
	Operations         map[string]asyncOperation `json:"operations"`
	Components         asyncComponents           `json:"components"`
}

type asyncInfo struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description"`
}

type asyncRef struct {
	Ref string `json:"$ref"`
}

type asyncChannel struct {
	Address     string              `json:"address"`
	Description string              `json:"description"`
	Messages    map[string]asyncRef `json:"messages"`
	Bindings    map[string]any      `json:"bindings"`
}

type asyncOperation struct {
	Action   string     `json:"action"` // send: the server sends; receive: clients do
	Summary  string     `json:"summary"`
	Channel  asyncRef   `json:"channel"`
	Messages []asyncRef `json:"messages"`
	Security []asyncRef `json:"security,omitempty"`
}

type asyncMessage struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Payload asyncRef `json:"payload"`
}

type asyncComponents struct {
	Messages        map[string]asyncMessage `json:"messages"`
	Schemas         map[string]*huma.Schema `json:"schemas"`
	SecuritySchemes map[string]any          `json:"securitySchemes"`
}

const asyncChannelRef = "#/channels/stream"

// newAsyncAPI describes the stream of many topics, from the types that it is made of.
func newAsyncAPI(version string) (asset, error) {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	describeUpdates(schemas)
	doc := asyncAPI{
		AsyncAPI: "3.0.0", DefaultContentType: "application/json",
		Info: asyncInfo{
			Title: "Holdfast streams", Version: version,
			Description: "What GET /v1/stream carries. Over a WebSocket both sides send; as server-sent events only the server does. docs/stream.md tells how to use it.",
		},
		Components: asyncComponents{
			Messages: map[string]asyncMessage{},
			SecuritySchemes: map[string]any{
				"bearer": map[string]string{"type": "http", "scheme": "bearer"},
				"ticket": map[string]string{"type": "httpApiKey", "in": "query", "name": ticketQuery},
			},
		},
	}
	channel := asyncChannel{
		Address: "/v1/stream", Description: "Follow topics: operations, changes, operation:<id> and repository:<id>.",
		Messages: map[string]asyncRef{}, Bindings: map[string]any{"ws": map[string]string{"method": "GET", "bindingVersion": "0.1.0"}},
	}
	message := func(name string, payload string) asyncRef {
		doc.Components.Messages[name] = asyncMessage{Name: name, Title: name, Payload: asyncRef{payload}}
		channel.Messages[name] = asyncRef{"#/components/messages/" + name}
		return asyncRef{asyncChannelRef + "/messages/" + name}
	}
	send := asyncOperation{Action: "send", Summary: "The server tells what happens.", Channel: asyncRef{asyncChannelRef}}
	for _, u := range updates {
		send.Messages = append(send.Messages, message(string(u.kind), schemas.Schema(u.of, true, u.of.Name()).Ref))
	}
	command := schemas.Schema(reflect.TypeFor[progress.Command](), true, "Command").Ref
	receive := asyncOperation{
		Action: "receive", Summary: "A client says what it follows.", Channel: asyncRef{asyncChannelRef},
		Messages: []asyncRef{message("command", command)},
		Security: []asyncRef{{"#/components/securitySchemes/bearer"}, {"#/components/securitySchemes/ticket"}},
	}
	doc.Channels = map[string]asyncChannel{"stream": channel}
	doc.Operations = map[string]asyncOperation{"tell": send, "follow": receive}
	doc.Components.Schemas = schemas.Map()
	body, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return asset{}, fmt.Errorf("write the AsyncAPI document: %w", err)
	}
	return newAsset("application/vnd.aai.asyncapi+json", "public, max-age=300", append(body, '\n'))
}

func (a *API) asyncAPIJSON(w http.ResponseWriter, r *http.Request) { a.messages.serve(w, r) }
