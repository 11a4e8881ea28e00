package api

import (
	"encoding/json"
	"fmt"
	"net/http"

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
	// A misspelled filter must not silently list everything.
	config.RejectUnknownQueryParameters = true
	config.Info.Description = "Mirrors GitHub repositories into Postgres with durable workflows, and shows them at work.\n\n" +
		"Every refusal is a problem document (RFC 9457). Tokens are JWTs: `holdfast token create` makes one."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
	}
	config.Tags = []*huma.Tag{
		{Name: "operations", Description: "Long work: started, listed, followed, cancelled."},
		{Name: "repositories", Description: "What is mirrored."},
		{Name: "service", Description: "Health and documentation; no token needed."},
	}
	return config
}

// needsToken is the security requirement of everything that needs a token.
func needsToken() []map[string][]string { return []map[string][]string{{bearerScheme: {}}} }

// document is the OpenAPI document, rendered once.
type document struct{ json, yaml []byte }

// newDocument renders the document after all routes are known.
func newDocument(o *huma.OpenAPI) (document, error) {
	asJSON, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return document{}, fmt.Errorf("render the OpenAPI document: %w", err)
	}
	asYAML, err := o.YAML()
	if err != nil {
		return document{}, fmt.Errorf("render the OpenAPI document as YAML: %w", err)
	}
	return document{json: append(asJSON, '\n'), yaml: asYAML}, nil
}

func (a *API) openAPIJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Write(a.document.json) //nolint:errcheck // the client is gone; there is nobody to tell
}

func (a *API) openAPIYAML(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+yaml")
	w.Write(a.document.yaml) //nolint:errcheck // the client is gone; there is nobody to tell
}

// documentSpecs describes the routes that describe the others.
func documentSpecs() map[string]huma.Operation {
	answer := func(description, contentType string) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: description, Content: map[string]*huma.MediaType{contentType: {}}}}
	}
	service := []string{"service"}
	return map[string]huma.Operation{
		"/openapi.json": {OperationID: "get-openapi-json", Summary: "This document as JSON", Tags: service, Responses: answer("OpenAPI 3.1", "application/openapi+json")},
		"/openapi.yaml": {OperationID: "get-openapi-yaml", Summary: "This document as YAML", Tags: service, Responses: answer("OpenAPI 3.1", "application/openapi+yaml")},
		"/docs":         {OperationID: "get-docs", Summary: "This document as a page", Tags: service, Responses: answer("The page", "text/html")},
		"/docs/{file}": {
			OperationID: "get-docs-asset", Summary: "What the page is made of", Tags: service, Responses: answer("The file", "application/octet-stream"),
			Parameters: []*huma.Param{{Name: "file", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		},
	}
}
