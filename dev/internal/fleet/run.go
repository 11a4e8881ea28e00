package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
)

// pollInterval is how often an operation is looked at.
const pollInterval = 200 * time.Millisecond

// Run carries a plan out and says what came of it. The error is that it could not be
// carried out, and ends with what the processes logged last; what the product did wrong
// is in the report.
func Run(ctx context.Context, o Options, p Plan) (_ Report, err error) {
	if err := p.validate(); err != nil {
		return Report{}, err
	}
	if p.Kind == KillRedis && o.KillRedis == nil {
		return Report{}, errors.New("this Redis cannot be killed")
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	s, err := start(ctx, o, p)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	report, err := s.run(ctx)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, s.logTail(20))
	}
	return report, err
}

func (s *stack) run(ctx context.Context) (Report, error) {
	connections, err := s.connect(ctx)
	if err != nil {
		return Report{}, err
	}
	person, err := s.newPerson(connections[0])
	if err != nil {
		return Report{}, err
	}
	began := time.Now()
	operations, err := s.startSyncs(ctx)
	if err != nil {
		return Report{}, errors.Join(err, person.close())
	}
	during, stop := context.WithCancel(ctx)
	defer stop()
	var besides errgroup.Group
	besides.Go(func() error { person.ask(during); return person.err })
	besides.Go(func() error { return s.trouble(during) })
	ends, err := s.awaitEnds(ctx, operations)
	ended := time.Now()
	stop()
	if err = errors.Join(err, besides.Wait(), person.close()); err != nil {
		return Report{}, err
	}
	report := s.report(began, ended)
	report.Person = person.waits()
	report.Failed = ends
	report.Different, err = s.compare(ctx)
	return report, err
}

// startSyncs starts a sync of each organization.
func (s *stack) startSyncs(ctx context.Context) ([]operation.Operation, error) {
	var all []operation.Operation
	for _, o := range s.github.organizations {
		op, err := s.client.StartSync(ctx, client.SyncRequest{Organization: o.Login(), Collections: asked()})
		if err != nil {
			return nil, err
		}
		all = append(all, op)
	}
	return all, nil
}

// awaitEnds waits for the ends of operations, and says of those that did not succeed how
// they ended.
func (s *stack) awaitEnds(ctx context.Context, all []operation.Operation) (failed []string, err error) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for _, op := range all {
		for !op.State.Terminal() {
			select {
			case <-ctx.Done():
				return nil, fmt.Errorf("the sync of %s is %s, waiting for %+v: %w", op.Subject, op.State, op.Waiting, context.Cause(ctx))
			case <-tick.C:
			}
			if op, err = s.client.Operation(ctx, op.ID); err != nil {
				return nil, err
			}
		}
		if op.State != operation.StateSucceeded {
			failed = append(failed, fmt.Sprintf("the sync of %s ended as %s: %+v", op.Subject, op.State, op.Failure))
		}
	}
	return failed, nil
}

// compare compares every item of every repository and organization, and says what is
// different.
func (s *stack) compare(ctx context.Context) (different []string, err error) {
	tell := func(of string, compared map[string]mirror.Collection) {
		for _, name := range slices.Sorted(maps.Keys(compared)) {
			if difference := compared[name].Difference(); difference != "" {
				different = append(different, fmt.Sprintf("%s of %s: %s", name, of, difference))
			}
		}
	}
	for _, r := range s.github.repositories {
		compared, err := mirror.Compare(ctx, s.pool, s.github.sim, config.DefaultWorkspace, r)
		if err != nil {
			return nil, err
		}
		for _, name := range asked()[1:] {
			if _, kept := compared[name]; !kept {
				different = append(different, fmt.Sprintf("%s of %s: not mirrored", name, r.FullName()))
			}
		}
		tell(r.FullName(), compared)
	}
	for _, o := range s.github.organizations {
		compared, err := mirror.CompareOrganization(ctx, s.pool, s.github.sim, config.DefaultWorkspace, o)
		if err != nil {
			return nil, err
		}
		tell(o.Login(), compared)
	}
	return different, nil
}
