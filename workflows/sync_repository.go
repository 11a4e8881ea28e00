package workflows

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// collectionsAtOnce is how many collections of one repository are read at once.
	collectionsAtOnce = 4
	// shortestPause keeps a wait that is over already from becoming a busy loop.
	shortestPause = time.Second
	// attempts of a step without a committed page: about an hour of the longest back-off.
	attempts = 65
)

// SyncRepositoryInput starts SyncRepository. Plan and Finished are set when it
// continues as new; where each collection stands is in Postgres.
type SyncRepositoryInput struct {
	activities.OperationRef
	Subject  string                     `json:"subject"`
	Lane     int                        `json:"lane,omitempty"` // of its requests; 0: laneBackfill
	Plan     *activities.Plan           `json:"plan,omitempty"`
	Finished []operation.CollectionWork `json:"finished,omitempty"`
}

// lane is the lane of the sync's requests.
func (in SyncRepositoryInput) lane() int { return cmp.Or(in.Lane, laneBackfill) }

// SyncRepository mirrors one repository: it plans, reads each collection step by
// step, several at once, and records how it ended.
func SyncRepository(ctx workflow.Context, in SyncRepositoryInput) error {
	s := newSync(in)
	s.heed(ctx)
	err := s.run(ctx)
	if workflow.IsContinueAsNewError(err) {
		return err
	}
	return s.finish(ctx, err)
}

// syncRun is one run of SyncRepository.
type syncRun struct {
	in    SyncRepositoryInput
	plan  activities.Plan
	steps *activities.Sync // nil: only its methods' names are used
	work  map[string]operation.CollectionWork
	waits map[string]string // why a collection waits, for people
	left  bool              // a collection stopped early since the history is long

	row row

	failed   map[string]bool // collections that cannot be read
	forecast string          // when it will be done, for people
	footer   string          // of what Temporal's UI shows
}

func newSync(in SyncRepositoryInput) *syncRun {
	s := &syncRun{in: in, work: map[string]operation.CollectionWork{}, waits: map[string]string{}, failed: map[string]bool{}}
	for _, w := range in.Finished {
		s.work[w.Name] = w
	}
	return s
}

func (s *syncRun) run(ctx workflow.Context) error {
	planned, err := s.makePlan(ctx, s.steps.PlanSync)
	if err != nil {
		return err
	}
	if !planned {
		return workflow.NewContinueAsNewError(ctx, SyncRepositoryType, s.in)
	}
	s.describe(ctx)
	if err := s.syncCollections(ctx); err != nil {
		return err
	}
	if s.left {
		next := s.in
		next.Plan, next.Finished = &s.plan, s.finished()
		return workflow.NewContinueAsNewError(ctx, SyncRepositoryType, next)
	}
	return nil
}

// makePlan has the step make the plan, unless an earlier run did. There is none yet when
// it has waited for so long that the workflow is to continue as new.
func (s *syncRun) makePlan(ctx workflow.Context, step func(context.Context, activities.OperationRef) (activities.Plan, error)) (planned bool, err error) {
	if s.in.Plan != nil {
		s.plan, s.forecast = *s.in.Plan, s.in.Plan.Forecast
		return true, nil
	}
	for !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		var plan activities.Plan
		told := s.row.told
		ctx := s.githubStep(ctx, "Plan "+s.in.Subject)
		if err := workflow.ExecuteActivity(ctx, step, s.in.OperationRef).Get(ctx, &plan); err != nil {
			return false, err
		}
		if plan.Hold != nil {
			s.forecast = cmp.Or(plan.Forecast, s.forecast)
			if err := s.standBy(ctx, *plan.Hold, plan.Wait, told); err != nil {
				return false, err
			}
			continue
		}
		if plan.Wait == nil {
			s.plan, s.forecast = plan, plan.Forecast
			return true, workflow.UpsertTypedSearchAttributes(ctx, AttributeState.ValueSet(string(operation.StateRunning)))
		}
		if err := s.wait(ctx, "plan", plan.Wait); err != nil {
			return false, err
		}
	}
	return false, nil
}

// syncCollections reads every collection, a few at once and each after its parent.
// One that fails does not stop the others: what can be mirrored is.
func (s *syncRun) syncCollections(ctx workflow.Context) error {
	slots := workflow.NewSemaphore(ctx, collectionsAtOnce)
	ends := make(map[string]workflow.Future, len(s.plan.Collections))
	for _, step := range s.plan.Collections {
		end, set := workflow.NewFuture(ctx)
		parent := ends[step.Parent]
		ends[step.Name] = end
		workflow.GoNamed(ctx, step.Name, func(ctx workflow.Context) {
			set.Set(nil, s.syncCollection(ctx, step, parent, slots))
		})
	}
	var first error
	for _, step := range s.plan.Collections {
		err := ends[step.Name].Get(ctx, nil)
		s.failed[step.Name] = err != nil
		if first == nil {
			first = err
		}
	}
	return first
}

func (s *syncRun) syncCollection(ctx workflow.Context, step activities.PlannedStep, parent workflow.Future, slots workflow.Semaphore) error {
	if w := s.work[step.Name]; w.FinishedAt != nil || step.Name == "repository" || step.Name == "organizations" {
		return nil
	}
	if parent != nil {
		if err := parent.Get(ctx, nil); err != nil {
			return err
		}
	}
	if err := slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer slots.Release(1)
	result, err := s.readPages(ctx, step)
	if err != nil || !result.Done || !step.Search || !result.Index {
		return err
	}
	ctx = s.databaseStep(ctx, "Index "+step.Name+" for search")
	return workflow.ExecuteActivity(ctx, s.steps.IndexSearch, s.pages(step)).Get(ctx, nil)
}

// readPages repeats SyncPages until the collection's pass is complete. The result
// is not done when it stopped early since the workflow is to continue as new.
func (s *syncRun) readPages(ctx workflow.Context, step activities.PlannedStep) (activities.PagesResult, error) {
	for {
		var result activities.PagesResult
		if s.left || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			s.left = true
			return result, nil
		}
		told := s.row.told
		stepCtx := s.githubStep(ctx, "Read "+step.Name)
		if err := workflow.ExecuteActivity(stepCtx, s.steps.SyncPages, s.pages(step)).Get(ctx, &result); err != nil {
			return result, err
		}
		if result.Work.Name != "" {
			s.work[step.Name] = result.Work
		}
		s.forecast = cmp.Or(result.Forecast, s.forecast)
		s.describe(ctx)
		var err error
		switch {
		case result.Done:
			return result, nil
		case result.Hold != nil:
			err = s.standBy(ctx, *result.Hold, result.Wait, told)
		case result.Wait != nil:
			err = s.wait(ctx, step.Name, result.Wait)
		}
		if err != nil {
			return result, err
		}
	}
}

func (s *syncRun) pages(step activities.PlannedStep) activities.Pages {
	return activities.Pages{
		OperationRef: s.in.OperationRef,
		RepositoryID: s.plan.RepositoryID, Owner: s.plan.Owner, Name: s.plan.Name, Collection: step.Name,
	}
}

// wait sleeps on a timer, which Temporal's UI shows with its reason and which
// holds no worker.
func (s *syncRun) wait(ctx workflow.Context, name string, w *activities.Wait) error {
	s.waits[name] = w.Reason
	s.describe(ctx)
	defer delete(s.waits, name)
	return workflow.NewTimerWithOptions(ctx, max(w.Pause, shortestPause), workflow.TimerOptions{Summary: name + ": " + w.Reason}).Get(ctx, nil)
}

func (s *syncRun) finished() []operation.CollectionWork {
	var out []operation.CollectionWork
	for _, step := range s.plan.Collections {
		if w := s.work[step.Name]; w.FinishedAt != nil {
			out = append(out, w)
		}
	}
	return out
}

// finish records how the operation ended; being cancelled does not keep it from that.
func (s *syncRun) finish(ctx workflow.Context, cause error) error {
	if slices.Contains(errorTypes(cause), activities.TypeRejected) { // its row says so already
		return workflow.UpsertTypedSearchAttributes(ctx, AttributeState.ValueSet(string(operation.StateRejected)))
	}
	f := activities.Finish{OperationRef: s.in.OperationRef, State: operation.StateSucceeded}
	switch {
	case cause == nil:
	case stopped(cause):
		f.State = operation.StateCancelled
	default:
		f.State, f.Failure = operation.StateFailed, failureOf(cause)
	}
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	stepCtx := s.databaseStep(ctx, "Record that it "+string(f.State))
	if err := workflow.ExecuteActivity(stepCtx, s.steps.FinishOperation, f).Get(ctx, nil); err != nil {
		return err
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, AttributeState.ValueSet(string(f.State))); err != nil {
		return err
	}
	switch f.State {
	case operation.StateFailed:
		return temporal.NewApplicationErrorWithOptions(f.Failure.Message, f.Failure.Code, temporal.ApplicationErrorOptions{Cause: cause, NonRetryable: true})
	case operation.StateCancelled:
		return temporal.NewCanceledError()
	case operation.StatePending, operation.StateAwaitingApproval, operation.StateRunning, operation.StatePaused,
		operation.StateCancelling, operation.StateSucceeded, operation.StateRejected:
	}
	return nil
}

// githubStep is for activities that ask GitHub: repeated while GitHub or the
// database is away, for about an hour. Time in the queue does not count, since
// workers that are away or busy are no failure.
func (s *syncRun) githubStep(ctx workflow.Context, summary string) workflow.Context {
	return stepOptions{
		queue: githubQueue(s.in.lane()), summary: summary, workspace: s.in.WorkspaceID, lane: s.in.lane(),
		timeout: 10 * time.Minute, heartbeat: activities.HeartbeatTimeout, attempts: attempts,
	}.in(ctx)
}

// databaseStep is for activities that touch the database only. They are repeated
// until it is back: an operation must not stay open because it was away.
func (s *syncRun) databaseStep(ctx workflow.Context, summary string) workflow.Context {
	return stepOptions{
		queue: TaskQueue, summary: summary, workspace: s.in.WorkspaceID, lane: laneInteractive,
		timeout: 10 * time.Minute, heartbeat: time.Minute,
	}.in(ctx)
}

// stopped tells whether the operation was asked to stop.
func stopped(err error) bool {
	return temporal.IsCanceledError(err) || slices.Contains(errorTypes(err), activities.TypeNotRunning)
}
