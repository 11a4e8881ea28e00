package github

import (
	"net/http"
	"net/url"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced makes a span of each request that next sends. Nothing of the trace goes to
// GitHub, and no header into the span.
func traced(next http.RoundTripper, provider trace.TracerProvider) http.RoundTripper {
	return otelhttp.NewTransport(describingTransport{next},
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return "GitHub " + r.Method }),
	)
}

// describingTransport has the span of its request show the URL that may be shown,
// and GitHub's own id of the request.
type describingTransport struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (t describingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	span := trace.SpanFromContext(req.Context())
	if !span.IsRecording() {
		return t.next.RoundTrip(req)
	}
	span.SetAttributes(attribute.String("url.full", shownURL(req.URL)))
	resp, err := t.next.RoundTrip(req)
	if err == nil {
		span.SetAttributes(attribute.String("github.request_id", resp.Header.Get("X-GitHub-Request-Id")))
	}
	return resp, err
}

// shownURL is u with the parts of its query that say which page of what is asked
// for. What else GitHub may put into the links that it hands out stays hidden.
func shownURL(u *url.URL) string {
	query := url.Values{}
	for name, values := range u.Query() {
		switch name {
		case "page", "per_page", "state", "sort", "direction", "since", "sha", "filter":
			query[name] = values
		default:
			query.Set(name, "hidden")
		}
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawQuery: query.Encode()}).String()
}
