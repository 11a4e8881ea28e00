package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/holdfast/holdfast/internal/github"
)

func TestEachAttemptIsASpanAndGitHubLearnsNothing(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
			if r.Header.Get(name) != "" {
				t.Errorf("GitHub was sent %s", name)
			}
		}
		w.Header().Set("X-GitHub-Request-Id", "ABCD:1")
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, "[]")
	}))
	defer server.Close()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	c, err := github.New(github.Options{
		BaseURL: server.URL + "/", Credential: github.StaticToken(token), UserAgent: "test", Now: time.Now, Scale: 0.001,
		Account: account(t), TracerProvider: provider,
	})
	require.NoError(t, err)
	ctx, parent := provider.Tracer("test").Start(t.Context(), "step")
	_, err = c.List(ctx, "repos/o/r/issues?per_page=100&page=2&after=opaque&access_token=hush", github.Ask{})
	require.NoError(t, err)
	parent.End()

	spans := recorder.Ended()
	require.Len(t, spans, 3)
	for i, span := range spans[:2] {
		require.Equal(t, "GitHub GET", span.Name())
		require.Equal(t, parent.SpanContext().SpanID(), span.Parent().SpanID())
		require.Equal(t, []codes.Code{codes.Error, codes.Unset}[i], span.Status().Code)
		require.Contains(t, span.Attributes(), attribute.Int("http.response.status_code", []int{502, 200}[i]))
		require.Contains(t, span.Attributes(), attribute.String("github.request_id", "ABCD:1"))
		require.Contains(t, span.Attributes(), attribute.String("url.full",
			server.URL+"/repos/o/r/issues?access_token=hidden&after=hidden&page=2&per_page=100"))
		require.NotContains(t, fmt.Sprint(span.Attributes()), token)
		require.NotContains(t, fmt.Sprint(span.Attributes()), "hush")
	}
}
