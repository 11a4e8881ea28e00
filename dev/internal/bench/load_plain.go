package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"go.temporal.io/sdk/log"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/store"
)

// plainConns is how many connections the API has as well, by its default.
const plainConns = 10

// ServePlain answers GET /operations/{id} by the API's own transaction, and does nothing
// else: no token, no limits, no logs, traces and metrics, no description of itself.
func ServePlain(ctx context.Context, database string, port int) error {
	pool, err := store.Open(ctx, postgres.Address{URL: database}, "bench plain", plainConns)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := store.New(pool)
	r := chi.NewRouter()
	r.Get("/healthz", func(http.ResponseWriter, *http.Request) {})
	r.Get("/operations/{id}", func(w http.ResponseWriter, r *http.Request) {
		op, err := s.Operation(r.Context(), config.DefaultWorkspace, chi.URLParam(r, "id"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(progress.FromOperation(op)) // the benchmark sees an answer that is cut
	})
	server := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // Serve says so
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// stopWorker ends the worker, so that what it does is not measured.
func (h *holdfastContender) stopWorker(ctx context.Context) error {
	worker := h.worker
	h.worker = nil
	return worker.Stop(ctx)
}

// quiet is a logger of Temporal's that says nothing.
func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// WriteTable writes the rates for people.
func (r LoadReport) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d clients, %d rounds of %g s each, %s\n\n", r.Clients, r.Rounds, r.Seconds, r.Host.line())
	writeAligned(&b, r.table())
	b.WriteString("\n")
	for _, aim := range r.aims() {
		fmt.Fprintf(&b, "%-6s  %s: %s\n", aim.verdict(), aim.Text, aim.Reached)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown is the rates for documentation.
func (r LoadReport) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d clients at once, median (least–most) of %d rounds of %g s each, taking turns.\n\n", r.Clients, r.Rounds, r.Seconds)
	b.WriteString(markdownTable(r.table()) + "\n| aim | reached | |\n|---|---|---|\n")
	for _, aim := range r.aims() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", aim.Text, aim.Reached, aim.verdict())
	}
	return b.String() + "\n" + r.Host.markdown() + r.Host.markdownLoad()
}

// leastLoad is how much of the plain limit the API has to reach.
const leastLoad = 0.6

func (r LoadReport) aims() []Aim {
	aim := func(what string, load Load) Aim {
		return Aim{
			Text: fmt.Sprintf("at least %g of the plain limit's %s", leastLoad, what), Reached: fmt.Sprintf("%.2f", load.ratio()), Met: load.ratio() >= leastLoad,
		}
	}
	return []Aim{aim("reads", r.Reads), aim("starts", r.Starts)}
}
