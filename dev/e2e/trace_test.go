package e2e_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast/holdfast/internal/client"
)

// receiver is an OTLP receiver on loopback.
type receiver struct {
	url string

	mu    sync.Mutex
	spans []span
}

// span is one that was received.
type span struct {
	*tracepb.Span
	service string
}

func (s span) trace() string { return hex.EncodeToString(s.TraceId) }

// attribute is an attribute's text, "" if there is none.
func (s span) attribute(key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return text(a.Value)
		}
	}
	return ""
}

func text(v *common.AnyValue) string {
	if _, ok := v.GetValue().(*common.AnyValue_StringValue); ok {
		return v.GetStringValue()
	}
	return v.String()
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var got collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		if err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", req.URL, err)
		}
		r.add(&got)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) add(got *collector.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range got.ResourceSpans {
		service := span{Span: &tracepb.Span{Attributes: resource.Resource.Attributes}}.attribute("service.name")
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				r.spans = append(r.spans, span{s, service})
			}
		}
	}
}

// of are the spans of a trace that came so far.
func (r *receiver) of(trace string) []span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var of []span
	for _, s := range r.spans {
		if s.trace() == trace {
			of = append(of, s)
		}
	}
	return of
}

// roots are the names of spans without a parent.
func (r *receiver) roots() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, s := range r.spans {
		if len(s.ParentSpanId) == 0 {
			names = append(names, s.Name)
		}
	}
	return names
}

// traceparent has every request belong to a trace that the client began.
type traceparent struct{ trace, span string }

func (p traceparent) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Traceparent", "00-"+p.trace+"-"+p.span+"-01")
	return http.DefaultTransport.RoundTrip(req)
}

func TestOneTraceFromTheRequestToGitHub(t *testing.T) {
	t.Parallel()
	const token, trace, parent = "ghp_s3cretS3cretS3cret", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	otlp := newReceiver(t)
	w := setup(t, options{items: 300, env: []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + otlp.url, "OTEL_BSP_SCHEDULE_DELAY=100", "GITHUB_TOKEN=" + token,
	}})
	worker := w.startWorker()
	admin, err := w.product.Token(t.Context(), "admin")
	require.NoError(t, err)
	w.client, err = client.New(w.api.URL, admin, &http.Client{Transport: traceparent{trace, parent}})
	require.NoError(t, err)
	op := w.startSync()
	w.requireSucceeded(w.awaitEnd(op.ID))

	is := map[string]func(span) bool{
		"the request":         named("holdfast-api", "POST /v1/syncs"),
		"the stream":          named("holdfast-api", "GET /v1/operations/{id}/stream"),
		"the API's SQL":       sql("holdfast-api"),
		"the start":           named("holdfast-api", "StartWorkflow:SyncRepository"),
		"the workflow":        named("holdfast-worker", "RunWorkflow:SyncRepository"),
		"the plan":            named("holdfast-worker", "RunActivity:PlanSync"),
		"the pages":           named("holdfast-worker", "RunActivity:SyncPages"),
		"the end":             named("holdfast-worker", "RunActivity:FinishOperation"),
		"the worker's SQL":    sql("holdfast-worker"),
		"the worker's Redis":  func(s span) bool { return s.service == "holdfast-worker" && s.attribute("db.system") == "redis" },
		"a request of GitHub": named("holdfast-worker", "GitHub GET"),
	}
	missing := func() []string {
		spans := otlp.of(trace)
		return slices.DeleteFunc(keys(is), func(what string) bool { return slices.ContainsFunc(spans, is[what]) })
	}
	require.Eventually(t, func() bool { return len(missing()) == 0 }, 30*time.Second, 50*time.Millisecond, "what is missing: %v", missing)
	// What is left is sent when the processes end.
	require.NoError(t, worker.Stop(t.Context()))
	require.NoError(t, w.api.Process.Stop(t.Context()))

	spans := otlp.of(trace)
	known := map[string]bool{parent: true}
	for _, s := range spans {
		known[hex.EncodeToString(s.SpanId)] = true
	}
	for _, s := range spans {
		require.True(t, known[hex.EncodeToString(s.ParentSpanId)], "%s of %s has lost its parent", s.Name, s.service)
		raw, err := protojson.Marshal(s)
		require.NoError(t, err)
		require.NotContains(t, string(raw), token)
		require.NotContains(t, s.Name, op.ID, "names are few")
		require.NotContains(t, s.Name, w.repo.FullName(), "names are few")
		require.Empty(t, s.attribute("pgx.query.parameters"))
	}
	request := spans[slices.IndexFunc(spans, is["the request"])]
	require.Equal(t, parent, hex.EncodeToString(request.ParentSpanId), "the client's trace goes on")
	require.Equal(t, op.ID, request.attribute("holdfast.operation_id"))
	at := slices.IndexFunc(spans, func(s span) bool {
		return is["a request of GitHub"](s) && strings.Contains(s.attribute("url.full"), "/repos/"+w.repo.FullName())
	})
	require.GreaterOrEqual(t, at, 0)
	github := spans[at]
	require.NotEmpty(t, github.attribute("github.request_id"))
	for _, root := range otlp.roots() {
		require.NotContains(t, root, "/healthz")
		require.NotContains(t, root, "/readyz")
		require.NotContains(t, root, "xread", "what runs by itself makes no traces")
	}

	log, err := os.ReadFile(filepath.Join(w.dir, "api.log"))
	require.NoError(t, err)
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, `"route":"/v1/syncs"`) {
			require.Contains(t, line, fmt.Sprintf("%q:%q", "trace_id", trace))
			require.Contains(t, line, fmt.Sprintf("%q:%q", "operation_id", op.ID))
			return
		}
	}
	require.Fail(t, "the request is not in the log")
}

func named(service, name string) func(span) bool {
	return func(s span) bool { return s.service == service && s.Name == name }
}

func sql(service string) func(span) bool {
	return func(s span) bool { return s.service == service && s.attribute("db.query.text") != "" }
}

func keys[V any](m map[string]V) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}
