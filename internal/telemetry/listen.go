package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Listener is one of a process's private HTTP servers.
type Listener struct {
	server *http.Server
	bound  net.Listener
	ended  chan error
}

// Listen serves handler at address, for operators alone: nothing on it asks for a
// token. End it with Close.
func (t *Telemetry) Listen(ctx context.Context, address string, handler http.Handler) (*Listener, error) {
	bound, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &Listener{bound: bound, ended: make(chan error, 1), server: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // a profile sets its own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(t.Logger.Handler(), slog.LevelWarn),
	}}
	go func() { l.ended <- l.server.Serve(bound) }()
	return l, nil
}

// Address is where it listens.
func (l *Listener) Address() string { return l.bound.Addr().String() }

// Close ends it, and with it the requests that it is serving.
func (l *Listener) Close() error {
	err := l.server.Close()
	if served := <-l.ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// MetricsHandler serves /metrics to Prometheus, /healthz (the process is up) and
// /readyz (it can do its work) to whoever runs it.
func (t *Telemetry) MetricsHandler(ready *Readiness) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", t.metricsHandler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeStatus(w, http.StatusOK, "ok", nil)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		failed := ready.Check(r.Context())
		for _, name := range slices.Sorted(maps.Keys(failed)) {
			t.Logger.WarnContext(r.Context(), "not ready", "check", name, "error", failed[name])
		}
		if len(failed) > 0 {
			writeStatus(w, http.StatusServiceUnavailable, "unavailable", slices.Sorted(maps.Keys(failed)))
			return
		}
		writeStatus(w, http.StatusOK, "ok", nil)
	})
	return mux
}

// writeStatus answers a probe; why a check failed is for the log.
func writeStatus(w http.ResponseWriter, code int, status string, failed []string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	body := struct {
		Status string   `json:"status"`
		Failed []string `json:"failed,omitempty"`
	}{status, failed}
	json.NewEncoder(w).Encode(body) //nolint:errcheck,errchkjson // strings; a prober that is gone cannot be told
}

// DebugHandler serves the profiles of /debug/pprof/, and /log-level, which PUT sets.
func (t *Telemetry) DebugHandler() http.Handler {
	mux := http.NewServeMux()
	registerProfiles(mux)
	mux.HandleFunc("GET /log-level", func(w http.ResponseWriter, _ *http.Request) { t.writeLevel(w) })
	mux.HandleFunc("PUT /log-level", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64))
		if err != nil {
			http.Error(w, "the body is no level", http.StatusBadRequest)
			return
		}
		level, err := ParseLevel(string(text))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		before := t.Level.Level()
		t.Level.Set(level)
		t.Logger.Log(r.Context(), max(level, slog.LevelInfo), "the log level was changed", "from", before.String(), "to", level.String())
		t.writeLevel(w)
	})
	return mux
}

func (t *Telemetry) writeLevel(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, strings.ToLower(t.Level.Level().String()))
}

// ParseLevel reads debug, info, warn or error.
func ParseLevel(text string) (slog.Level, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, errors.New("a log level is debug, info, warn or error")
}
