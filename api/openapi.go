package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// bearerScheme is the name of the one security scheme of the document.
const bearerScheme = "bearer"

// newConfig is what all groups of routes share: the document that they are
// described in, and JSON as the only format.
func newConfig(version string) huma.Config {
	installProblems()
	config := huma.DefaultConfig("Holdfast", version)
	// The paths are routed in router.go, and answers carry no $schema links.
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", "", nil
	config.Formats = map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()}
	// A misspelled filter must not silently list everything.
	config.RejectUnknownQueryParameters = true
	config.Info.Description = "Mirrors GitHub repositories into Postgres with durable workflows, and shows them at work.\n\n" +
		"Every refusal is a problem document (RFC 9457). Tokens are JWTs: `holdfast token create` makes one."
	config.Info.Contact = &huma.Contact{Name: "Holdfast", URL: "https://github.com/holdfast/holdfast"}
	config.Servers = []*huma.Server{{URL: "/", Description: "The server that has this document."}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
		signatureScheme: {
			Type: "apiKey", In: "header", Name: "X-Hub-Signature-256",
			Description: "HMAC-SHA256 of the body with the connection's secret: sha256= and 64 hexadecimal digits, as GitHub signs its deliveries.",
		},
		sessionScheme: {Type: "apiKey", In: "cookie", Name: sessionCookie, Description: "Set by /v1/codec/session; good for the codec only."},
	}
	config.Tags = []*huma.Tag{
		{Name: "operations", Description: "Long work: started, listed, followed, cancelled."},
		{Name: "schedules", Description: "Operations that are asked for again and again."},
		{Name: "repositories", Description: "What is mirrored."},
		{Name: "changes", Description: "What changed, what it was before, and how to have it forgotten."},
		{Name: "connections", Description: "GitHub credentials, and what is left of their limits."},
		{Name: "webhooks", Description: "Where GitHub sends what happens; verified by signatures, no token needed."},
		{Name: "keys", Description: "Who may ask this API: its keys, and the public keys of its tokens."},
		{Name: "members", Description: "The people whom the workspace lets in, and how they sign in and out."},
		{Name: "workspaces", Description: "What keeps people, connections and mirrored data apart."},
		{Name: "audit", Description: "Who changed what, and who was refused."},
		{Name: "codec", Description: "What Temporal keeps, made readable for its Web UI."},
		{Name: "service", Description: "Health and documentation; no token needed."},
	}
	return config
}

// needsToken is the security requirement of everything that needs a token.
func needsToken() []map[string][]string { return []map[string][]string{{bearerScheme: {}}} }

// document is the OpenAPI document, rendered once. It is looked at anew each time:
// what it says may change with the next version.
type document struct{ json, yaml asset }

// newDocument renders the document after all routes are known.
func newDocument(o *huma.OpenAPI) (d document, err error) {
	dropOwnKeywords(o)
	polish(o)
	asJSON, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return d, fmt.Errorf("render the OpenAPI document: %w", err)
	}
	asYAML, err := o.YAML()
	if err != nil {
		return d, fmt.Errorf("render the OpenAPI document as YAML: %w", err)
	}
	if d.json, err = newAsset("application/openapi+json", "no-cache", append(asJSON, '\n')); err != nil {
		return d, err
	}
	d.yaml, err = newAsset("application/openapi+yaml", "no-cache", asYAML)
	return d, err
}

// Document is the OpenAPI document of the API in this version, as JSON.
func Document(version string) ([]byte, error) {
	a, err := New(Options{Version: version, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return a.document.json.plain, nil
}

// dropOwnKeywords drops what only huma knows: it words a pattern with a keyword that
// OpenAPI does not have, and has done so by now.
func dropOwnKeywords(o *huma.OpenAPI) {
	for _, item := range o.Paths {
		for _, op := range operationsOf(item) {
			for _, p := range op.Parameters {
				p.Schema.PatternDescription = ""
			}
		}
	}
	for _, schema := range o.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			property.PatternDescription = ""
		}
	}
}

func (a *API) openAPIJSON(w http.ResponseWriter, r *http.Request) { a.document.json.serve(w, r) }

func (a *API) openAPIYAML(w http.ResponseWriter, r *http.Request) { a.document.yaml.serve(w, r) }

// problems describes answers with those statuses, which are problem documents all.
func problems(config huma.Config, statuses ...int) map[string]*huma.Response {
	schema := config.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	out := make(map[string]*huma.Response, len(statuses))
	for _, status := range statuses {
		out[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return out
}

// documentSpecs describes the routes that describe the others.
func documentSpecs(config huma.Config) map[string]huma.Operation {
	spec := func(id, summary, description, contentType string) huma.Operation {
		responses := problems(config, http.StatusUnprocessableEntity, http.StatusInternalServerError)
		responses["200"] = &huma.Response{Description: description, Content: map[string]*huma.MediaType{contentType: {}}}
		responses["304"] = &huma.Response{Description: "It is what If-None-Match names."}
		return huma.Operation{OperationID: id, Summary: summary, Description: description + ", for programs and people; no token needed.", Tags: []string{"service"}, Responses: responses}
	}
	file := spec("get-docs-asset", "What the page is made of", "The file", "*/*")
	maps.Copy(file.Responses, problems(config, http.StatusNotFound))
	file.Parameters = []*huma.Param{{Name: "file", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}}
	return map[string]huma.Operation{
		"/openapi.json":  spec("get-openapi-json", "This document as JSON", "OpenAPI 3.1", "application/openapi+json"),
		"/openapi.yaml":  spec("get-openapi-yaml", "This document as YAML", "OpenAPI 3.1", "application/openapi+yaml"),
		"/asyncapi.json": spec("get-asyncapi-json", "What the stream of many topics carries, as JSON", "AsyncAPI 3.0", "application/vnd.aai.asyncapi+json"),
		"/docs":          spec("get-docs", "This document as a page", "The page", "text/html"),
		"/docs/{file}":   file,
	}
}
