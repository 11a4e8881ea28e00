package api_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
)

// contract is the API's own OpenAPI document, as a stranger reads it. It is the same
// for every API of these tests, and takes long to read.
var contract = sync.OnceValues(func() (*openapi3.T, error) {
	a, err := api.New(api.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("make an API: %w", err)
	}
	got := httptest.NewRecorder()
	a.ServeHTTP(got, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	doc, err := openapi3.NewLoader().LoadFromData(got.Body.Bytes())
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
		return nil, fmt.Errorf("validate the document: %w", err)
	}
	return doc, nil
})

// requireConform holds that an answer is one that the document describes for its route:
// the status, the media type, the headers and the body's schema. What no route answered
// has no description.
func (b *bundle) requireConform(t *testing.T, r *http.Request, got answer) {
	t.Helper()
	matched := chi.NewRouteContext()
	if b.api.Routes().Match(matched, r.Method, r.URL.EscapedPath()) {
		require.NoError(t, conform(t, matched.RoutePattern(), r, got), "%s %s answered %d %s", r.Method, r.URL, got.StatusCode, got.body)
	}
}

func conform(t *testing.T, route string, r *http.Request, got answer) error {
	t.Helper()
	doc, err := contract()
	require.NoError(t, err, "the document is not valid OpenAPI")
	item := doc.Paths.Value(route)
	require.NotNil(t, item, "%s is not described", route)
	operation := item.GetOperation(r.Method)
	require.NotNil(t, operation, "%s %s is not described", r.Method, route)
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, Route: &routers.Route{Spec: doc, PathItem: item, Operation: operation, Path: route, Method: r.Method},
		},
		Status: got.StatusCode, Header: got.Header, Body: io.NopCloser(strings.NewReader(got.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
}

// What the tests compare every answer with says no where it should.
func TestTheDocumentTellsAWrongAnswer(t *testing.T) {
	t.Parallel()
	const operation = `{"id":"0190a6c8-0000-7000-8000-000000000001","kind":"sync_repository","subject":"a/b","state":"pending","seq":0,"created_at":"2026-03-01T12:00:00Z"}`
	const problem = `{"type":"about:blank","title":"Not Found","status":404,"detail":"x"}`
	for name, tt := range map[string]struct {
		status    int
		kind      string
		body      string
		described bool
	}{
		"as it is":            {200, "application/json", `{"operations":[` + operation + `]}`, true},
		"a refusal":           {422, "application/problem+json", problem, true},
		"another status":      {418, "application/problem+json", problem, false},
		"another media type":  {200, "text/html", `{"operations":[]}`, false},
		"a plain refusal":     {422, "application/json", problem, false},
		"no list":             {200, "application/json", `{}`, false},
		"null":                {200, "application/json", `{"operations":null}`, false},
		"an unknown property": {200, "application/json", `{"operations":[],"more":1}`, false},
		"an unknown state":    {200, "application/json", `{"operations":[` + strings.Replace(operation, "pending", "asleep", 1) + `]}`, false},
		"a number for a text": {200, "application/json", `{"operations":[` + strings.Replace(operation, `"a/b"`, "7", 1) + `]}`, false},
		"a property missing":  {200, "application/json", `{"operations":[` + strings.Replace(operation, `"subject":"a/b",`, "", 1) + `]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/v1/operations", nil)
			got := answer{&http.Response{StatusCode: tt.status, Header: http.Header{"Content-Type": {tt.kind}}}, tt.body}
			err := conform(t, "/v1/operations", r, got)
			require.Equal(t, tt.described, err == nil, "%v", err)
		})
	}
}

func TestTheDocumentIsValidOpenAPI(t *testing.T) {
	t.Parallel()
	_, err := contract()
	require.NoError(t, err)
}
