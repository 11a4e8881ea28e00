package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// openAPI is what the tests look at of the document.
type openAPI struct {
	OpenAPI string                                `json:"openapi"`
	Paths   map[string]map[string]json.RawMessage `json:"paths"`
}

// documented is one operation of the document.
type documented struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Security    []map[string][]string `json:"security"`
	Responses   map[string]struct {
		Content map[string]struct {
			Schema map[string]any `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

// entrances are where people sign in and out, who have no token yet.
var entrances = []string{"/v1/token", "/v1/token/revoke", "/v1/sign-in/github", "/v1/sign-in/github/callback"}

func TestOpenAPIListsEveryRoute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, http.MethodGet, "/openapi.json", "", nil)
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, "application/openapi+json", got.Header.Get("Content-Type"))
	doc := decode[openAPI](t, got)
	require.Regexp(t, `^3\.1\.`, doc.OpenAPI)
	var inDocument, inRouter, ids []string
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			var op documented
			require.NoError(t, json.Unmarshal(raw, &op))
			require.NotEmpty(t, op.Summary, path)
			ids = append(ids, op.OperationID)
			inDocument = append(inDocument, strings.ToUpper(method)+" "+path)
			needsToken := strings.HasPrefix(path, "/v1/") && !slices.Contains(entrances, path)
			require.Equal(t, needsToken, len(op.Security) > 0, path)
			for status, r := range op.Responses {
				if status >= "4" {
					require.Contains(t, r.Content, "application/problem+json", "%s %s", path, status)
				}
			}
			if needsToken {
				require.Contains(t, op.Responses, "401", path)
			}
		}
	}
	require.NoError(t, chi.Walk(b.api.Routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		inRouter = append(inRouter, method+" "+route)
		return nil
	}))
	require.ElementsMatch(t, inRouter, inDocument)
	require.NotContains(t, ids, "")
	slices.Sort(ids)
	require.Equal(t, slices.Compact(slices.Clone(ids)), ids, "each id once")
	for _, want := range []string{
		"POST /v1/syncs", "GET /v1/operations", "GET /v1/operations/{id}", "POST /v1/operations/{id}/cancel",
		"GET /v1/operations/{id}/stream", "GET /v1/repositories", "GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs",
	} {
		require.Contains(t, inDocument, want)
	}
}

func TestOpenAPIAsYAMLIsTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var fromYAML any
	require.NoError(t, yaml.Unmarshal([]byte(b.do(t, http.MethodGet, "/openapi.yaml", "", nil).body), &fromYAML))
	asJSON, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	require.JSONEq(t, b.do(t, http.MethodGet, "/openapi.json", "", nil).body, string(asJSON))
}

// Every reference of the document leads somewhere.
func TestOpenAPIReferencesResolve(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := b.do(t, http.MethodGet, "/openapi.json", "", nil).body
	var doc struct {
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &doc))
	refs := regexp.MustCompile(`"\$ref": "#/components/schemas/([^"]+)"`).FindAllStringSubmatch(body, -1)
	require.NotEmpty(t, refs)
	for _, ref := range refs {
		require.Contains(t, doc.Components.Schemas, ref[1])
	}
	for _, name := range []string{"Operation", "Message", "Problem", "Repository"} {
		require.Contains(t, doc.Components.Schemas, name)
	}
}

func TestDocsWorkWithoutTheInternet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.do(t, http.MethodGet, "/docs", "", nil)
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Equal(t, "text/html; charset=utf-8", page.Header.Get("Content-Type"))
	require.NotContains(t, page.body, "//", "no other host, not even without a scheme")
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.body, -1)
	require.Len(t, links, 5)
	for _, link := range links {
		if link[1] == "data:," {
			continue // an icon that is none, or the browser would ask for one
		}
		asset := b.do(t, http.MethodGet, "/"+link[1], "", nil)
		require.Equal(t, http.StatusOK, asset.StatusCode, link[1])
		require.NotEmpty(t, asset.body)
	}
	css := b.do(t, http.MethodGet, "/docs/swagger-ui.css", "", nil)
	require.NotRegexp(t, `url\(['"]?(https?:)?//`, css.body)
	require.NotContains(t, css.body, "@import")
	script := b.do(t, http.MethodGet, "/docs/docs.js", "", nil)
	require.Contains(t, script.body, "validatorUrl: null", "the one host that Swagger UI would call")
	policy := page.Header.Get("Content-Security-Policy")
	require.NotContains(t, policy, "http", "the browser would refuse another host")
	require.NotContains(t, policy, "unsafe-eval")
	require.Contains(t, policy, "script-src 'self';")

	tag := page.Header.Get("ETag")
	require.Equal(t, http.StatusNotModified, b.do(t, http.MethodGet, "/docs", "", nil, "If-None-Match: "+tag).StatusCode)
	for _, odd := range []string{"/docs/nothing.js", "/docs/..%2fapi.go", "/docs/README.md", "/docs/"} {
		missing := b.do(t, http.MethodGet, odd, "", nil)
		require.Equal(t, http.StatusNotFound, missing.StatusCode, odd)
		missing.problem(t)
	}
	require.Contains(t, b.do(t, http.MethodGet, "/docs/LICENSE", "", nil).body, "Apache License")
}
