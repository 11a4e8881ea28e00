package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/config"
)

const (
	// lookInterval is how often the mirror is looked at, and so how exact the latencies are.
	lookInterval = 20 * time.Millisecond
	// freshPatience is how long after the last edit all of them must be in the mirror.
	freshPatience = 2 * time.Minute
	// hookSecret signs deliveries between processes of one benchmark.
	hookSecret = "the benchmark's secret"
)

// FreshnessOptions say what is delivered.
type FreshnessOptions struct {
	Items int           // of the repository, in the listed collections
	Rate  int           // deliveries a second
	For   time.Duration // that they are sent
}

func (o FreshnessOptions) validate() error {
	switch {
	case o.Items < 1000 || o.Items > 1_000_000:
		return errors.New("the number of items must be from 1000 to 1000000")
	case o.Rate < 1 || o.Rate > 1000:
		return errors.New("the rate must be from 1 to 1000 deliveries a second")
	case o.For < time.Second || o.For > 10*time.Minute:
		return errors.New("deliveries must be sent for 1 s to 10 m")
	}
	return nil
}

// FreshnessReport is how long it took from a change on GitHub until the mirror showed it.
type FreshnessReport struct {
	Host       Host               `json:"host"`
	Items      int64              `json:"items"`
	LatencyMS  int64              `json:"latency_ms"` // of GitHub's answers
	Rate       float64            `json:"deliveries_per_second"`
	Deliveries int                `json:"deliveries"`
	Issues     int                `json:"issues"`   // distinct ones
	Seconds    map[string]float64 `json:"seconds"`  // by percentile, and max
	Requests   int64              `json:"requests"` // to GitHub, until all was shown
	Passes     int64              `json:"passes"`   // operations that the deliveries asked for
}

// Freshness has a mirrored repository's issues edited at a steady rate, each edit told
// by a signed delivery to the API, and measures for each how long it takes from the
// edit until the typed column of its row shows it.
func Freshness(ctx context.Context, o Options, fresh FreshnessOptions) (_ FreshnessReport, err error) {
	if err := fresh.validate(); err != nil {
		return FreshnessReport{}, err
	}
	s, err := startServices(ctx, o, fresh.Items)
	if err != nil {
		return FreshnessReport{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	report := FreshnessReport{LatencyMS: slowLatency.Milliseconds()}
	if report.Host, err = s.describe(ctx); err != nil {
		return FreshnessReport{}, err
	}
	h := &holdfastContender{services: s, name: "freshness", settings: append([]string{"HOLDFAST_WEBHOOK_SECRET=" + hookSecret}, unscheduled...)}
	err = s.withStarted(ctx, h.name, h, func(address string) error {
		return s.deliver(ctx, h, address, fresh, &report)
	})
	if err != nil {
		return FreshnessReport{}, err
	}
	report.Host.LoadAfter, err = loadAverage()
	return report, err
}

// deliver syncs once and then measures.
func (s *services) deliver(ctx context.Context, h *holdfastContender, address string, fresh FreshnessOptions, report *FreshnessReport) (err error) {
	source, err := s.prepare(ctx, slowLatency)
	if err != nil {
		return err
	}
	op, err := h.sync(ctx, client.SyncRequest{Repository: source.Repository})
	if err != nil {
		return err
	}
	for _, c := range op.Collections {
		report.Items += c.Items
	}
	if _, err := s.prepare(ctx, slowLatency); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to look at the mirror: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	edits, shown, err := s.follow(ctx, conn, h, fresh)
	if err != nil {
		return err
	}
	report.take(edits, shown)
	state, err := s.simulator.state(ctx)
	if err != nil {
		return err
	}
	report.Requests = state.Requests
	if err := conn.QueryRow(ctx, `select count(*) from operations where source = 'webhook'`).Scan(&report.Passes); err != nil {
		return fmt.Errorf("count the passes: %w", err)
	}
	s.options.Log.InfoContext(ctx, "measured", "deliveries", report.Deliveries, "seconds", report.Seconds)
	return nil
}

// follow has the edits made and looks at the mirror until it shows all of them.
func (s *services) follow(ctx context.Context, conn *pgx.Conn, h *holdfastContender, fresh FreshnessOptions) ([]edit, []sighting, error) {
	ctx, cancel := context.WithTimeout(ctx, fresh.For+freshPatience)
	defer cancel()
	go endWith(h.worker, cancel, ctx)
	looker := looker{conn: conn}
	if err := looker.begin(ctx); err != nil {
		return nil, nil, err
	}
	type made struct {
		edits []edit
		err   error
	}
	done := make(chan made, 1)
	go func() {
		edits, err := s.simulator.edit(ctx, h.api.URL+"/v1/webhooks/"+config.DefaultConnection, fresh)
		done <- made{edits, err}
	}()
	var edits []edit
	every := time.NewTicker(lookInterval)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("the mirror does not show all of %d edits: %w%s", len(edits), ctx.Err(), h.worker.LogTail(20))
		case m := <-done:
			if m.err != nil {
				return nil, nil, m.err
			}
			edits = m.edits
		case <-every.C:
		}
		if err := looker.look(ctx); err != nil {
			return nil, nil, err
		}
		if edits != nil && len(latencies(edits, looker.shown)) == len(edits) {
			return edits, looker.shown, nil
		}
	}
}

// take takes the figures of the edits, all of which were shown.
func (r *FreshnessReport) take(edits []edit, shown []sighting) {
	r.Deliveries = len(edits)
	r.Rate = float64(len(edits)-1) / edits[len(edits)-1].At.Sub(edits[0].At).Seconds()
	issues := map[int]bool{}
	for _, e := range edits {
		issues[e.Number] = true
	}
	r.Issues = len(issues)
	all := latencies(edits, shown)
	slices.Sort(all)
	r.Seconds = map[string]float64{
		"p50": Percentile(all, 50).Seconds(), "p90": Percentile(all, 90).Seconds(),
		"p99": Percentile(all, 99).Seconds(), "max": Percentile(all, 100).Seconds(),
	}
}

// edit has issues edited and waits until all deliveries were answered.
func (s simulator) edit(ctx context.Context, target string, fresh FreshnessOptions) ([]edit, error) {
	form := url.Values{"url": {target}, "secret": {hookSecret}, "rate": {strconv.Itoa(fresh.Rate)}, "for": {fresh.For.String()}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.control+"/edit", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := receive(&http.Client{Timeout: fresh.For + freshPatience}, request)
	if err != nil {
		return nil, err
	}
	var edits []edit
	if err := json.Unmarshal(body, &edits); err != nil {
		return nil, fmt.Errorf("read what was edited: %w", err)
	}
	return edits, nil
}

// table has a line for each figure.
func (r FreshnessReport) table() [][]string {
	seconds := func(name string) string { return fmt.Sprintf("%.2f s", r.Seconds[name]) }
	return [][]string{
		{"deliveries", "a second", "issues", "median", "90th percentile", "99th percentile", "longest", "passes", "requests to GitHub"},
		{
			thousands(int64(r.Deliveries)), fmt.Sprintf("%.1f", r.Rate), thousands(int64(r.Issues)),
			seconds("p50"), seconds("p90"), seconds("p99"), seconds("max"), thousands(r.Passes), thousands(r.Requests),
		},
	}
}

// WriteTable writes the figures for people.
func (r FreshnessReport) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s items, %s, GitHub answers after %d ms\n\n", thousands(r.Items), r.Host.line(), r.LatencyMS)
	writeAligned(&b, r.table())
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown is the figures for documentation.
func (r FreshnessReport) Markdown() string {
	return fmt.Sprintf("%s items, one run, GitHub answers after %d ms.\n\n", thousands(r.Items), r.LatencyMS) +
		markdownTable(r.table()) + "\n" + r.Host.markdown() + r.Host.markdownLoad()
}
