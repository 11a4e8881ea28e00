package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/testenv"
)

// fuzzed is a running API that is asked at random.
type fuzzed struct {
	*served
	document *openapi3.T
	client   *http.Client
	tokens   map[string]string
	statuses map[int]int
}

// setting is a number of the environment.
func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name) //nolint:forbidigo // how a test is run is no setting of the product
	if text == "" {
		return otherwise
	}
	number, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return number
}

func fuzz(t *testing.T) *fuzzed {
	t.Helper()
	address, namespace := testenv.Temporal(t)
	f := &fuzzed{
		served:   serve(t, "TEMPORAL_ADDRESS="+address, "TEMPORAL_NAMESPACE="+namespace, "HOLDFAST_API_REQUESTS_PER_MINUTE=0"),
		client:   &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		tokens:   map[string]string{"": ""},
		statuses: map[int]int{},
	}
	for _, role := range []string{"reader", "operator", "admin"} {
		f.tokens[role] = f.token(role)
	}
	status, text := f.do(http.MethodGet, "/openapi.json", "", "")
	require.Equal(t, http.StatusOK, status)
	var err error
	f.document, err = openapi3.NewLoader().LoadFromData([]byte(text))
	require.NoError(t, err)
	return f
}

// path is the route's path, with things that are ours, that could be and that cannot be
// in the places of its parameters.
func (f *fuzzed) path(in inputs, route string, parameters openapi3.Parameters) string {
	path := route
	for _, p := range parameters {
		if p.Value.In != "path" {
			continue
		}
		name, value := p.Value.Name, in.plain(p.Value.Schema)
		kind := strings.Split(route, "/")[min(2, strings.Count(route, "/"))]
		if owned := f.owned[name]; owned != "" && !in.oneIn(3) {
			value = owned
		} else if owned := f.owned[kind]; name == "id" && owned != "" && !in.oneIn(3) {
			value = owned
		}
		if value == "" || value == "." || value == ".." {
			value = "-" // another path
		}
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path
}

// request is one request for the operation.
func (f *fuzzed) request(in inputs, method, route string, item *openapi3.PathItem, op *openapi3.Operation) *http.Request {
	f.t.Helper()
	parameters := slices.Concat(item.Parameters, op.Parameters)
	address := f.url + f.path(in, route, parameters)
	if query := in.query(parameters); query != "" {
		address += "?" + query
	}
	var body []byte
	header := http.Header{}
	if op.RequestBody != nil {
		kinds := op.RequestBody.Value.Content
		kind := pick(in, slices.Sorted(maps.Keys(kinds))...)
		body = in.body(kinds[kind].Schema)
		header.Set("Content-Type", kind)
		if in.oneIn(30) {
			header.Set("Content-Type", pick(in, "text/plain", "application/json; charset=latin1", "application/json;;", ""))
		}
	}
	for _, p := range parameters {
		if value := in.plain(p.Value.Schema); p.Value.In == "header" && in.oneIn(3) && !strings.ContainsAny(value, "\x00\r\n\x7f") {
			if p.Value.Name == "Prefer" {
				value = pick(in, "wait=1", "wait=0", "respond-async", "wait=x")
			}
			header.Set(p.Value.Name, value)
		}
	}
	token := f.tokens["admin"]
	if in.oneIn(6) {
		token = f.tokens[pick(in, "", "reader", "operator")]
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(f.t.Context()), method, address, bytes.NewReader(body))
	require.NoError(f.t, err, "%s %q", method, address)
	for name, values := range header {
		r.Header[name] = values
	}
	return r
}

// ask sends a request and holds that its answer is no fault of ours, and described.
func (f *fuzzed) ask(r *http.Request, route string, item *openapi3.PathItem, op *openapi3.Operation) {
	f.t.Helper()
	sent := "no body"
	if r.GetBody != nil {
		body, err := r.GetBody()
		require.NoError(f.t, err)
		text, err := io.ReadAll(body)
		require.NoError(f.t, err)
		sent = string(text[:min(len(text), 2000)])
	}
	asked := fmt.Sprintf("%s %.2000s %q", r.Method, r.URL, sent)
	resp, err := f.client.Do(r)
	require.NoError(f.t, err, asked)
	defer resp.Body.Close()
	f.statuses[resp.StatusCode]++
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return // it has no end
	}
	answer, err := io.ReadAll(resp.Body)
	require.NoError(f.t, err)
	if route != "/readyz" {
		require.Less(f.t, resp.StatusCode, 500, "%s\nanswered %.2000s", asked, answer)
	}
	err = openapi3filter.ValidateResponse(f.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, Route: &routers.Route{Spec: f.document, PathItem: item, Operation: op, Path: route, Method: r.Method},
		},
		Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(answer)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	require.NoError(f.t, err, "%s\nanswered %d %.2000s", asked, resp.StatusCode, answer)
}

// Whatever a route of the document is asked, it answers what the document says, and never
// that we are at fault. HOLDFAST_FUZZ_REQUESTS is how many requests each route gets,
// HOLDFAST_FUZZ_SEED makes the same ones again.
func TestNothingThatIsAskedBreaksARoute(t *testing.T) {
	t.Parallel()
	f := fuzz(t)
	requests, seed := setting(t, "HOLDFAST_FUZZ_REQUESTS", 30), setting(t, "HOLDFAST_FUZZ_SEED", 1)
	const round = 10 // what is ours is made anew between rounds: some of it was deleted
	operations := 0
	for from := 0; from < requests; from += round {
		f.own()
		operations = 0
		for _, route := range slices.Sorted(maps.Keys(f.document.Paths.Map())) {
			item := f.document.Paths.Value(route)
			for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
				operations++
				op := item.GetOperation(method)
				in := newInputs(uint64(seed)<<32+uint64(from), method+route)
				for range min(round, requests-from) {
					f.ask(f.request(in, method, route, item, op), route, item, op)
				}
			}
		}
	}
	t.Logf("%d routes, %d requests each, seed %d; answers by status: %v", operations, requests, seed, f.statuses)
	for _, status := range []int{200, 201, 202, 204, 401, 403, 404, 422} {
		require.NotZero(t, f.statuses[status], "no request was answered with %d: the inputs are too wild or too tame", status)
	}
}
