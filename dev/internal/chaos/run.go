package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// roundTimeout bounds a round and a sweep, the recoveries from kills included.
	roundTimeout = 4 * time.Minute
	// pollInterval is how often an operation is looked at.
	pollInterval = 100 * time.Millisecond
	// lateBy is how late webhooks may be.
	lateBy = 2 * time.Second
)

// Report says what a run took.
type Report struct {
	Seed, Sequences, Actions, Kills int
	Requests                        int64
	Took                            time.Duration
}

// Run carries a plan out and compares all that is mirrored with the simulated GitHub.
// An error names the seed; it is the mirror's fault unless it says otherwise.
func (s *Stack) Run(ctx context.Context, p Plan) (Report, error) {
	r := &run{Stack: s, plan: p, sites: s.sites(p), kills: make(chan Victim, p.Kills())}
	began, before := time.Now(), s.sim.Stats().Total
	err := r.run(ctx)
	report := Report{Seed: p.Seed, Sequences: p.Sequences(), Kills: r.killed, Requests: s.sim.Stats().Total - before, Took: time.Since(began)}
	for _, site := range r.sites {
		report.Actions += site.done
	}
	if err != nil {
		err = fmt.Errorf("CHAOS_SEED=%d: %w", p.Seed, err)
	}
	return report, err
}

// run is a plan that is being carried out.
type run struct {
	*Stack
	plan   Plan
	sites  []*site
	kills  chan Victim // that are due
	killed int
}

func (r *run) run(ctx context.Context) error {
	byID := map[int64]*site{}
	for _, site := range r.sites {
		byID[site.Repository.ID()] = site
	}
	for n, weather := range r.plan.Rounds {
		if err := r.round(ctx, n, weather, byID); err != nil {
			return fmt.Errorf("round %d: %w", n+1, err)
		}
	}
	r.observer.Store(nil)
	if err := r.quiet(ctx); err != nil {
		return err
	}
	if err := r.sweep(ctx); err != nil {
		return err
	}
	if err := r.compare(ctx); err != nil {
		return fmt.Errorf("after the sweep: %w", err)
	}
	if err := r.sweep(ctx); err != nil {
		return err
	}
	return r.requireNoDrift(ctx)
}

// round syncs every repository once while everything happens that the plan has for it.
func (r *run) round(ctx context.Context, n int, weather Weather, byID map[int64]*site) error {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	for _, site := range r.sites {
		site.begin(site.plan.Rounds[n])
	}
	r.observe(weather, byID)
	r.sim.SetFaults(githubsim.FaultPlan{Seed: uint64(r.plan.Seed), Faults: weather.Faults}) //nolint:gosec // any seed will do
	r.hook.SetFaults(githubsim.HookFaults{
		Seed: uint64(r.plan.Seed), Lost: weather.Hooks.Lost, Failed: weather.Hooks.Failed, //nolint:gosec // any seed will do
		Doubled: weather.Hooks.Doubled, Delayed: weather.Hooks.Late, Delay: lateBy,
	})
	done := make(chan struct{})
	var group errgroup.Group
	group.Go(func() error { return r.killWhatIsDue(ctx, done) })
	err := r.syncAll(ctx)
	close(done)
	err = errors.Join(err, group.Wait())
	r.sim.SetFaults(githubsim.FaultPlan{})
	r.hook.SetFaults(githubsim.HookFaults{})
	for _, site := range r.sites {
		err = errors.Join(err, site.end())
	}
	return err
}

// observe lets each request move its repository's events on, and all of them the kills.
func (r *run) observe(weather Weather, byID map[int64]*site) {
	total := newTally(weather.Kills)
	f := func(x githubsim.Exchange) {
		for _, victim := range total.next() {
			r.kills <- victim
		}
		if site, ok := byID[x.Repository]; ok {
			site.observe()
		}
	}
	r.observer.Store(&f)
}

// killWhatIsDue kills one victim after another until the round is done.
func (r *run) killWhatIsDue(ctx context.Context, done <-chan struct{}) error {
	for {
		select {
		case victim := <-r.kills:
			r.options.Log.DebugContext(ctx, "killed", "seed", r.plan.Seed, "victim", victim)
			if err := r.kill(ctx, victim); err != nil {
				return err
			}
			r.killed++
		case <-done:
			return nil
		}
	}
}

// syncAll syncs the repositories side by side. How a sync ends does not matter here:
// what it lost the next one or the sweep has to find.
func (r *run) syncAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, site := range r.sites {
		group.Go(func() error {
			op, err := r.started(ctx, site.Repository.FullName())
			if err == nil {
				_, err = r.ended(ctx, op.ID)
			}
			return err
		})
	}
	return group.Wait()
}

// started starts a sync of everything, as often as it takes.
func (r *run) started(ctx context.Context, name string) (op operation.Operation, err error) {
	request := client.SyncRequest{Repository: name, Collections: []string{collection.PresetAll}}
	err = retry(ctx, func() (err error) {
		op, err = r.client.StartSync(ctx, request)
		return err
	})
	return op, err
}

// ended waits for an operation's end.
func (r *run) ended(ctx context.Context, id string) (op operation.Operation, err error) {
	err = retry(ctx, func() (err error) {
		if op, err = r.client.Operation(ctx, id); err == nil && !op.State.Terminal() {
			err = fmt.Errorf("operation %s of %s is %s, waiting for %+v", id, op.Subject, op.State, op.Waiting)
		}
		return err
	})
	return op, err
}

// quiet waits until no webhook is on its way and nothing runs any more.
func (r *run) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	r.hook.Wait()
	return retry(ctx, func() error {
		var running int
		err := r.pool.QueryRow(ctx, `select count(*) from operations where finished_at is null`).Scan(&running)
		if err == nil && running > 0 {
			err = fmt.Errorf("%d operations have not ended", running)
		}
		return err
	})
}

// retry tries until it succeeds or the context ends, and gives the last try's error.
func retry(ctx context.Context, try func() error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// tally counts requests and tells which kills they make due.
type tally struct {
	after map[int][]Victim
	count chan int
}

func newTally(kills []Kill) *tally {
	t := &tally{after: map[int][]Victim{}, count: make(chan int, 1)}
	for _, k := range kills {
		t.after[k.After] = append(t.after[k.After], k.Victim)
	}
	t.count <- 0
	return t
}

func (t *tally) next() []Victim {
	n := <-t.count + 1
	t.count <- n
	return t.after[n]
}
