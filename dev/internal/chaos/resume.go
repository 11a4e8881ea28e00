package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// resumeTimeout bounds the sync of a large repository, kills included.
const resumeTimeout = 20 * time.Minute

// ResumeOptions say what is synced and how often its worker is killed.
type ResumeOptions struct {
	Items, Kills int
	Seed         uint64 // of the moments
}

// ResumeReport says what the kills cost, as the simulated GitHub counted it.
type ResumeReport struct {
	Items, Kills int
	Requests     int64
	Again        map[string]int // pages that were answered more than once, by endpoint
	Took         time.Duration
}

// String is one line.
func (r ResumeReport) String() string {
	var again []string
	for _, name := range slices.Sorted(maps.Keys(r.Again)) {
		again = append(again, fmt.Sprintf("%s %d", name, r.Again[name]))
	}
	return fmt.Sprintf("resume: %d items, %d kills of the worker, %d requests, %.1f s; pages read again: %s",
		r.Items, r.Kills, r.Requests, r.Took.Seconds(), strings.Join(again, ", "))
}

// Resume syncs a large repository for the first time while its worker is killed at
// random moments. It fails if more was requested again than was in flight, or if the
// mirror is not equal afterwards.
func (s *Stack) Resume(ctx context.Context, o ResumeOptions) (ResumeReport, error) {
	ctx, cancel := context.WithTimeout(ctx, resumeTimeout)
	defer cancel()
	spec := githubsim.SpecForItems(o.Items)
	spec.Owner, spec.Name = owner, fmt.Sprintf("resumed-%d", o.Seed)
	repository := githubsim.Generate(o.Seed, spec)
	s.sim.Add(repository)
	asked := NewAsked()
	observe := asked.Observe
	s.observer.Store(&observe)
	defer s.observer.Store(nil)

	r := &run{Stack: s}
	began, before := time.Now(), s.sim.Stats().Total
	op, err := r.started(ctx, repository.FullName())
	if err != nil {
		return ResumeReport{}, err
	}
	killed, err := r.killOften(ctx, o, op.ID)
	if err != nil {
		return ResumeReport{}, err
	}
	if op, err = r.ended(ctx, op.ID); err != nil {
		return ResumeReport{}, err
	}
	report := ResumeReport{
		Items: o.Items, Kills: killed, Requests: s.sim.Stats().Total - before, Again: asked.Again(), Took: time.Since(began),
	}
	if op.State != operation.StateSucceeded {
		return report, fmt.Errorf("the sync ended as %s: %+v", op.State, op.Failure)
	}
	compared, err := mirror.Compare(ctx, s.pool, s.sim, config.DefaultWorkspace, repository)
	for name, c := range compared {
		if difference := c.Difference(); difference != "" {
			err = errors.Join(err, fmt.Errorf("%s: %s", name, difference))
		}
	}
	return report, errors.Join(err, report.check())
}

// check holds what was read again against what can have been in flight: of each
// collection the window that is being committed and the one asked for meanwhile.
func (r ResumeReport) check() error {
	var err error
	for endpoint, again := range r.Again {
		most := r.Kills * 2 * activities.DefaultBounds().Window
		if endpoint == "graphql" {
			most *= len(slices.DeleteFunc(collection.All(), func(c collection.Collection) bool { return c.GraphQL == nil }))
		}
		if again > most {
			err = errors.Join(err, fmt.Errorf("%d pages of %s were requested again after %d kills, and %d can have been in flight", again, endpoint, r.Kills, most))
		}
	}
	return err
}

// killOften kills the worker at random moments until the sync has ended.
func (r *run) killOften(ctx context.Context, o ResumeOptions, id string) (killed int, err error) {
	random := rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // moments are no secrets
	pages := int64(o.Items / 100)
	for range o.Kills {
		moment := r.sim.Stats().Total + 1 + random.Int64N(max(pages/int64(o.Kills), 1))
		ended := false
		err := retry(ctx, func() error {
			op, err := r.client.Operation(ctx, id)
			if ended = err == nil && op.State.Terminal(); ended || r.sim.Stats().Total >= moment {
				return nil
			}
			return errors.New("too few requests to kill the worker")
		})
		if err != nil || ended {
			return killed, err
		}
		if err := r.kill(ctx, VictimWorker); err != nil {
			return killed, err
		}
		killed++
	}
	return killed, nil
}
