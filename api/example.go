package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// exampleID, exampleTime and the like stand in examples for what has no example of its own.
const (
	exampleID   = "0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e"
	exampleTime = "2026-03-01T12:00:00Z"
)

// exampleDepth bounds schemas that contain themselves.
const exampleDepth = 16

// jsonContent is what requests and answers are written in.
const jsonContent = "application/json"

// examples are the examples of schemas by name, where one made of the examples of their
// properties would say too little, or more than can be said at once.
var examples = map[string]string{
	"Connection": connectionExample, "CreatedConnection": connectionExample,
	"ItemHistoryOutputBody": `{"collection":"issues","key":"1296269","number":17,"changes":[{"seq":4711,"at":"2026-03-01T12:00:00Z","collection":"issues","kind":"updated","key":"1296269","number":17,"repository":"octo-corp/service","repository_id":1296269,"fields":["state"],"before":{"state":"open"},"source":"webhook"}]}`,
	// The key of RFC 8037, appendix A.
	"JWK":               `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig","alg":"EdDSA"}`,
	"PayloadList":       `{"payloads":[{"data":"eyJyZXBvc2l0b3J5Ijoib2N0by1jb3JwL3NlcnZpY2UifQ==","metadata":{"encoding":"anNvbi9wbGFpbg=="}}]}`,
	"Change":            `{"seq":4711,"at":"2026-03-01T12:00:00Z","collection":"issues","kind":"updated","key":"1296269","number":17,"repository":"octo-corp/service","repository_id":1296269,"fields":["state"],"before":{"state":"open"},"source":"webhook"}`,
	"ConnectionChange":  `{"in_flight":5,"repositories":["octo-corp/*"]}`,
	"ConnectionRequest": `{"name":"octo-corp","token":"github_pat_…","repositories":["octo-corp/*"],"in_flight":10}`,
	"KeyRequest":        `{"name":"nightly-report","role":"reader","repositories":["octo-corp/*"],"expires_at":"2026-06-01T00:00:00Z"}`,
	"Message":           `{"type":"state","seq":3,"at":"2026-03-01T12:00:05Z","operation":{"id":"0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e","kind":"sync_repository","subject":"octo-corp/service","state":"running","seq":3,"created_at":"2026-03-01T12:00:00Z"}}`,
	"Operation": `{"id":"0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e","kind":"sync_repository","subject":"octo-corp/service","state":"running","seq":12,
		"created_at":"2026-03-01T12:00:00Z","started_at":"2026-03-01T12:00:01Z","input":{"repository":"octo-corp/service"},
		"collections":[{"name":"issues","state":"running","requests":3,"pages":3,"items":300,"total":1250,"written":300,"started_at":"2026-03-01T12:00:02Z"}]}`,
	"EntryRequest":   `{"grant_type":"invitation","code":"hfi_…"}`,
	"PurgeInputBody": `{"collection":"issues","number":17,"field":"body"}`,
	"Rejection":      `{"reason":"Not before the release."}`,
	"SyncRequest":    `{"repository":"octo-corp/service","collections":["issues","pulls"]}`,
}

// connectionExample is a connection.
const connectionExample = `{"id":"0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e","name":"octo-corp","kind":"token","source":"api","state":"ok","state_since":"2026-03-01T12:00:00Z",
	"base_url":"https://api.github.com/","account":"user:583231@api.github.com","login":"octocat","repositories":["octo-corp/*"],"in_flight":10,
	"checked_at":"2026-03-01T12:00:00Z","created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z","version":1}`

// exampleNames are examples of parameters and properties by their names.
var exampleNames = map[string]any{
	"id": exampleID, "connection": "default", "file": "docs.js", "payload": `{"zen":"Speak like a human."}`,
	"operation_id": exampleID, "request_id": exampleID, "guid": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "purged_by": "ada",
	"reason": "The token lacks a permission.", "known": true, "scopes_known": true,
	"next_cursor": "eyJpZCI6MTI5NjI2OX0", "full_name": "octo-corp/service", "default_branch": "main", "key": "1296269",
}

// exampleStates are the states that operations are in when they were asked for or steered,
// by the id of what did it and the answer's status.
var exampleStates = map[string]operation.State{
	"start-sync 202": operation.StatePending, "start-sync 200": operation.StateSucceeded, "retry-operation 202": operation.StatePending,
	"retry-operation 200": operation.StateSucceeded, "cancel-operation 202": operation.StateCancelling, "pause-operation 202": operation.StatePaused,
	"reject-operation 202": operation.StateRejected,
}

// inState has an answer's example be of an operation in that state, if there is one.
func inState(media *huma.MediaType, state operation.State) {
	if media == nil || state == "" {
		return
	}
	if op, ok := media.Example.(map[string]any); ok {
		op = maps.Clone(op)
		op["state"] = state
		if state == operation.StatePending || state == operation.StateRejected {
			delete(op, "started_at")
			delete(op, "collections")
		}
		media.Example = op
	}
}

// exampler makes examples of schemas.
type exampler struct{ schemas map[string]*huma.Schema }

// addExamples gives every parameter in a path, every JSON body and every JSON answer that
// is no refusal an example, unless it has one: those of its properties put together.
func addExamples(o *huma.OpenAPI) {
	e := exampler{o.Components.Schemas.Map()}
	for _, item := range o.Paths {
		for _, op := range operationsOf(item) {
			for _, p := range op.Parameters {
				if p.In == "path" && p.Example == nil {
					p.Example = e.of(p.Name, p.Schema, 0)
				}
			}
			if op.RequestBody != nil {
				e.fill(op.RequestBody.Content)
			}
			for status, response := range op.Responses {
				if status < "4" {
					e.fill(response.Content)
					inState(response.Content[jsonContent], exampleStates[op.OperationID+" "+status])
				}
			}
		}
	}
}

// operationsOf are the operations of a path.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	var all []*huma.Operation
	for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Options, item.Head, item.Patch, item.Trace} {
		if op != nil {
			all = append(all, op)
		}
	}
	return all
}

func (e exampler) fill(content map[string]*huma.MediaType) {
	for kind, media := range content {
		if strings.HasSuffix(kind, "json") && media.Schema != nil && media.Example == nil && media.Examples == nil {
			media.Example = e.of("", media.Schema, 0)
		}
	}
}

// of is an example of a schema, of a property with that name.
func (e exampler) of(name string, s *huma.Schema, depth int) any {
	if s == nil || depth > exampleDepth {
		return map[string]any{}
	}
	if s.Ref != "" {
		component := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		if text, ok := examples[component]; ok {
			var value any
			if json.Unmarshal([]byte(text), &value) == nil {
				return value
			}
		}
		return e.of(name, e.schemas[component], depth+1)
	}
	if given, ok := exampleNames[name]; ok && len(s.Examples) == 0 && s.Enum == nil {
		if _, text := given.(string); text == (s.Type == huma.TypeString) && (text || s.Type == huma.TypeBoolean) {
			return given
		}
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return e.of(name, s.OneOf[0], depth+1)
	case len(s.AnyOf) > 0:
		return e.of(name, s.AnyOf[0], depth+1)
	}
	return e.ofType(name, s, depth)
}

func (e exampler) ofType(name string, s *huma.Schema, depth int) any {
	switch s.Type {
	case huma.TypeString:
		return exampleText(name, s)
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil && *s.Minimum > 1 {
			return *s.Minimum
		}
		return 1
	case huma.TypeBoolean:
		return false
	case huma.TypeArray:
		return []any{e.of(strings.TrimSuffix(name, "s"), s.Items, depth+1)}
	}
	return e.object(s, depth)
}

// object has what is required, and of the rest what has examples.
func (e exampler) object(s *huma.Schema, depth int) any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if property := s.Properties[name]; slices.Contains(s.Required, name) || len(property.Examples) > 0 {
			out[name] = e.of(name, property, depth+1)
		}
	}
	return out
}

func exampleText(name string, s *huma.Schema) string {
	switch s.Format {
	case "uuid":
		return exampleID
	case "date-time":
		return exampleTime
	case "date":
		return exampleTime[:len("2026-03-01")]
	case "uri", "uri-reference":
		return "https://github.com/octo-corp/service"
	}
	text := strings.ReplaceAll(name, "_", " ")
	if text == "" {
		text = "text"
	}
	return text
}

// polish completes and tidies what huma has made of the routes.
func polish(o *huma.OpenAPI) {
	for _, item := range o.Paths {
		for _, op := range operationsOf(item) {
			if schema, ok := op.Metadata[bodySchema].(*huma.Schema); ok {
				op.RequestBody.Content = map[string]*huma.MediaType{jsonContent: {Schema: schema}}
				op.Responses["200"].Content = map[string]*huma.MediaType{jsonContent: {Schema: schema}}
			}
			// Huma offers to take the bodies as bytes whose bytes a handler keeps; we do not.
			if op.RequestBody != nil && op.RequestBody.Content[jsonContent] != nil {
				delete(op.RequestBody.Content, "application/octet-stream")
			}
			// A retried request may be answered with what there is: it looks as if it was new.
			if ok, accepted := op.Responses["200"], op.Responses["202"]; ok != nil && ok.Content == nil && accepted != nil && op.Method == http.MethodPost {
				ok.Content = map[string]*huma.MediaType{}
				for kind, media := range accepted.Content {
					own := *media // each has an example of its own
					ok.Content[kind] = &own
				}
			}
		}
	}
	addExamples(o)
}

// bodySchema in an operation's metadata is what its bodies are, where its handler reads
// and writes bytes.
const bodySchema = "body schema"
