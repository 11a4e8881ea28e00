package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/operation"
)

// Step is one operation of those that keep a mirror, measured.
type Step struct {
	Name        string  `json:"step"`
	Written     int64   `json:"rows_written"`
	Requests    int64   `json:"requests"`
	NotModified int64   `json:"not_modified"` // of the requests: answered 304
	GraphQL     int64   `json:"graphql"`      // of the requests
	Seconds     float64 `json:"seconds"`
}

// cost is how many of its requests count against GitHub's hourly limit: a 304 does
// not, and queries have a limit of their own.
// Source: docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api.
func (s Step) cost() int64 { return s.Requests - s.NotModified - s.GraphQL }

// UpkeepReport is what a mirror costs, from its first sync on.
type UpkeepReport struct {
	Host      Host           `json:"host"`
	Items     int64          `json:"items"` // that the first sync stored
	LatencyMS int64          `json:"latency_ms"`
	Changed   map[string]int `json:"changed"` // by collection, before the third sync
	Steps     []Step         `json:"steps"`
}

// unscheduled keeps everything away from GitHub that nobody asked for.
var unscheduled = []string{"HOLDFAST_SWEEP_EVERY=0", "HOLDFAST_REFRESH_EVERY=0", "HOLDFAST_DELIVERIES_EVERY=0"}

// Upkeep mirrors a repository of that many items and counts what each step asks of
// GitHub: the first sync of all that a sync reads by default, a sync and a sweep with
// nothing changed, and both again after one in a hundred items was changed. It fails
// unless the sweeps find that the mirror is GitHub's state.
func Upkeep(ctx context.Context, o Options, items int) (_ UpkeepReport, err error) {
	s, err := startServices(ctx, o, items)
	if err != nil {
		return UpkeepReport{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	report := UpkeepReport{LatencyMS: slowLatency.Milliseconds()}
	if report.Host, err = s.describe(ctx); err != nil {
		return UpkeepReport{}, err
	}
	h := &holdfastContender{services: s, name: "upkeep", settings: unscheduled}
	if err := s.withStarted(ctx, h.name, h, func(address string) error { return s.keep(ctx, h, address, &report) }); err != nil {
		return UpkeepReport{}, err
	}
	report.Host.LoadAfter, err = loadAverage()
	return report, err
}

// keep makes the steps.
func (s *services) keep(ctx context.Context, h *holdfastContender, address string, report *UpkeepReport) error {
	first, err := s.step(ctx, h, report, "first sync", false)
	if err != nil {
		return err
	}
	for _, c := range first.Collections {
		report.Items += c.Items
	}
	if err := s.syncAndSweep(ctx, h, address, report, "nothing changed"); err != nil {
		return err
	}
	if report.Changed, err = s.simulator.change(ctx); err != nil {
		return err
	}
	return s.syncAndSweep(ctx, h, address, report, "1 % changed")
}

// syncAndSweep fails unless the sync has brought all that the sweep compares.
func (s *services) syncAndSweep(ctx context.Context, h *holdfastContender, address string, report *UpkeepReport, since string) error {
	if _, err := s.step(ctx, h, report, "sync, "+since, false); err != nil {
		return err
	}
	state, err := s.simulator.state(ctx)
	if err != nil {
		return err
	}
	stored, err := countRows(ctx, address, h)
	if err != nil {
		return err
	}
	if err := compare(state.Counts, stored, &Run{}); err != nil {
		return err
	}
	op, err := s.step(ctx, h, report, "sweep, "+since, true)
	if err != nil {
		return err
	}
	return requireNoDrift(ctx, address, op.ID)
}

// step runs one operation and adds what it took to the report.
func (s *services) step(ctx context.Context, h *holdfastContender, report *UpkeepReport, name string, full bool) (operation.Operation, error) {
	source, err := s.prepare(ctx, time.Duration(report.LatencyMS)*time.Millisecond)
	if err != nil {
		return operation.Operation{}, err
	}
	start := time.Now()
	op, err := h.sync(ctx, client.SyncRequest{Repository: source.Repository, Full: full})
	if err != nil {
		return op, fmt.Errorf("%s: %w", name, err)
	}
	step := Step{Name: name, Seconds: time.Since(start).Seconds()}
	state, err := s.simulator.state(ctx)
	if err != nil {
		return op, err
	}
	step.Requests, step.NotModified, step.GraphQL = state.Requests, state.Statuses[304], state.GraphQL
	for _, c := range op.Collections {
		step.Written += c.Written
	}
	report.Steps = append(report.Steps, step)
	s.options.Log.InfoContext(ctx, "measured", "step", name, "requests", step.Requests, "seconds", step.Seconds)
	return op, nil
}

// requireNoDrift fails unless a sweep found each collection as the syncs had left it.
func requireNoDrift(ctx context.Context, address, operationID string) (err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to read the drift: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var checked, drift int64
	if err := conn.QueryRow(ctx, `select count(*), coalesce(sum(missing + extra + different), 0)::bigint
		from collection_checks where operation_id = $1`, operationID).Scan(&checked, &drift); err != nil {
		return fmt.Errorf("read the drift: %w", err)
	}
	if checked == 0 || drift != 0 {
		return fmt.Errorf("the sweep checked %d collections and found %d items that differ", checked, drift)
	}
	return nil
}

// perItems is a figure of all items for each thousand of them.
func (r UpkeepReport) perItems(n float64, digits int) string {
	return strconv.FormatFloat(n*per/float64(r.Items), 'f', digits, 64)
}

// table has a line for each step.
func (r UpkeepReport) table() [][]string {
	table := [][]string{{
		"", "rows written", "requests", "— answered 304", "— GraphQL", "per 1,000 items: requests", "— counted by the hourly limit", "— seconds",
	}}
	for _, s := range r.Steps {
		table = append(table, []string{
			s.Name, thousands(s.Written), thousands(s.Requests), thousands(s.NotModified), thousands(s.GraphQL),
			r.perItems(float64(s.Requests), 2), r.perItems(float64(s.cost()), 2), r.perItems(s.Seconds, 2),
		})
	}
	return table
}

// listCounts is like "3 commits, 2 issue comments".
func listCounts(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, thousands(int64(counts[name]))+" "+strings.ReplaceAll(name, "_", " "))
	}
	return strings.Join(parts, ", ")
}

// WriteTable writes the steps for people.
func (r UpkeepReport) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s items, %s, GitHub answers after %d ms\n\n", thousands(r.Items), r.Host.line(), r.LatencyMS)
	writeAligned(&b, r.table())
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown is the steps for documentation.
func (r UpkeepReport) Markdown() string {
	return fmt.Sprintf("%s items, one run, GitHub answers after %d ms. The 1 %% that changed: %s.\n\n",
		thousands(r.Items), r.LatencyMS, listCounts(r.Changed)) + markdownTable(r.table()) + "\n" + r.Host.markdown() + r.Host.markdownLoad()
}
