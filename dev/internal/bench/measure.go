package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Run is one contender's work, measured.
type Run struct {
	Contender string           `json:"contender"`
	LatencyMS int64            `json:"latency_ms"`
	Items     int64            `json:"items"` // stored, and as many as GitHub has
	Seconds   float64          `json:"seconds"`
	CPU       map[Part]float64 `json:"cpu_seconds"`
	Peak      map[Part]int64   `json:"peak_bytes"`
	Requests  int64            `json:"requests"`
	InFlight  int64            `json:"requests_in_flight"` // at most
	Events    int64            `json:"history_events"`
}

// measured is what a run does beside the work: nil for nothing.
type measured func(ctx context.Context, during contender) error

// measure runs a contender once, in a database of its own, and checks what it stored.
func (s *services) measure(ctx context.Context, name string, c contender, latency time.Duration, beside measured) (Run, error) {
	var run Run
	err := s.withStarted(ctx, name, c, func(address string) error {
		source, err := s.prepare(ctx, latency)
		if err != nil {
			return err
		}
		if run, err = s.work(ctx, c, source.Repository, beside); err != nil {
			return err
		}
		run.LatencyMS = latency.Milliseconds()
		return s.check(ctx, c, address, &run)
	})
	return run, err
}

// withStarted starts a contender on a database of its own, whose address do gets, and
// removes both afterwards.
func (s *services) withStarted(ctx context.Context, name string, c contender, do func(address string) error) (err error) {
	database, err := s.newDatabase(ctx, strings.ReplaceAll(name, "-", "_"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.dropDatabase(context.WithoutCancel(ctx), database)) }()
	address := s.postgres.URL(database)
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.start(ctx, address); err != nil {
		return err
	}
	return do(address)
}

// prepare leaves nothing of the run before to do: Postgres writes what is dirty, and
// the simulator counts from zero.
func (s *services) prepare(ctx context.Context, latency time.Duration) (simulatorState, error) {
	if err := s.execute(ctx, "checkpoint"); err != nil {
		return simulatorState{}, err
	}
	if err := s.simulator.begin(ctx, latency); err != nil {
		return simulatorState{}, err
	}
	return s.simulator.state(ctx)
}

// work measures the work and nothing else.
func (s *services) work(ctx context.Context, c contender, repository string, beside measured) (Run, error) {
	meter := s.meter(c.parts())
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	peak := meter.watchPostgres(watching)
	side := make(chan error, 1)
	go func() {
		if beside == nil {
			side <- nil
			return
		}
		side <- beside(ctx, c)
	}()
	before, err := meter.times()
	if err != nil {
		return Run{}, err
	}
	start := time.Now()
	if err := c.work(ctx, repository); err != nil {
		return Run{}, err
	}
	run := Run{Seconds: time.Since(start).Seconds(), CPU: map[Part]float64{}}
	after, err := meter.times()
	if err != nil {
		return Run{}, err
	}
	for part, used := range after {
		run.CPU[part] = (used - before[part]).Seconds()
	}
	if err := <-side; err != nil {
		return Run{}, err
	}
	if run.Peak, err = meter.peaks(); err != nil {
		return Run{}, err
	}
	stopWatching()
	run.Peak[PartPostgres], err = peak()
	return run, err
}

// check takes what the simulator and Temporal counted, and fails unless all items
// are stored.
func (s *services) check(ctx context.Context, c contender, address string, run *Run) error {
	state, err := s.simulator.state(ctx)
	if err != nil {
		return err
	}
	run.Requests, run.InFlight = state.Requests, state.InFlight
	if run.Events, err = c.events(ctx); err != nil {
		return err
	}
	stored, err := countRows(ctx, address, c)
	if err != nil {
		return err
	}
	return compare(state.Counts, stored, run)
}

// compare counts the items that are stored, and fails unless they are GitHub's.
func compare(source, stored map[string]int64, run *Run) error {
	var wrong []error
	for name, want := range source {
		run.Items += stored[name]
		if stored[name] != want {
			wrong = append(wrong, fmt.Errorf("%s: %d rows are stored and GitHub has %d items", name, stored[name], want))
		}
	}
	return errors.Join(wrong...)
}

func (s *services) newDatabase(ctx context.Context, name string) (string, error) {
	return name, s.postgres.CreateDatabase(ctx, name)
}

func (s *services) dropDatabase(ctx context.Context, name string) error {
	return s.execute(ctx, "drop database "+pgx.Identifier{name}.Sanitize()+" with (force)")
}

// execute runs a statement as the server's superuser.
func (s *services) execute(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, s.postgres.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
