package github_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/testenv/metrictest"
)

// measured is a client whose attempts are measured, and what answers them in turn.
func measured(t *testing.T, handlers ...http.HandlerFunc) (*github.Client, *metrictest.Reader) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(asked.Add(1)), len(handlers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	metrics := metrictest.New(t)
	c, err := github.New(github.Options{
		BaseURL: server.URL, Credential: github.StaticToken(token), UserAgent: "test", Now: time.Now, Scale: 0.001,
		Account: account(t), MeterProvider: metrics.Provider(),
	})
	require.NoError(t, err)
	return c, metrics
}

func TestEveryAttemptIsMeasured(t *testing.T) {
	t.Parallel()
	c, metrics := measured(t, status(502), cutOff, ok(`[]`), status(404), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/repositories/1/issues", http.StatusMovedPermanently)
	}, ok(`[]`))
	_, err := c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.Equal(t, github.KindNotFound, github.KindOf(err))
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	read := metrics.Read()
	maps.DeleteFunc(read, func(name string, n float64) bool { return n == 0 && strings.Contains(name, "status") })
	require.Equal(t, map[string]float64{
		"holdfast.github.requests{status=502}":   1,
		"holdfast.github.requests{status=error}": 1, // its body was cut off
		"holdfast.github.requests{status=404}":   1,
		"holdfast.github.requests{status=301}":   1,
		"holdfast.github.requests{status=200}":   2,
		"holdfast.github.request.duration":       6,
		"holdfast.github.requests.in_flight":     0,
	}, read)
}

func TestUnknownStatusesMakeNoLabels(t *testing.T) {
	t.Parallel()
	for code, label := range map[int]string{418: "4xx", 226: "2xx", 599: "5xx", 799: "other"} {
		c, metrics := measured(t, status(code))
		_, err := c.List(t.Context(), "x", github.Ask{})
		require.Error(t, err)
		require.Contains(t, metrics.Read(), "holdfast.github.requests{status="+label+"}")
	}
}

func TestRequestsInFlightAreMeasured(t *testing.T) {
	t.Parallel()
	arrived, leave := make(chan struct{}), make(chan struct{})
	c, metrics := measured(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-leave
		ok(`[]`)(w, r)
	})
	done := make(chan error)
	go func() {
		_, err := c.List(t.Context(), "x", github.Ask{})
		done <- err
	}()
	<-arrived
	require.InDelta(t, 1, metrics.Read()["holdfast.github.requests.in_flight"], 0)
	close(leave)
	require.NoError(t, <-done)
	require.Zero(t, metrics.Read()["holdfast.github.requests.in_flight"])
}
