package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/workflows"
)

// priorities notes with which priority a workflow runs its steps and children.
type priorities struct {
	interceptor.WorkerInterceptorBase
	seen map[string]temporal.Priority // by type
}

func (p *priorities) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	i := &inbound{priorities: p}
	i.Next = next
	return i
}

type inbound struct {
	interceptor.WorkflowInboundInterceptorBase
	priorities *priorities
}

func (i *inbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	o := &outbound{priorities: i.priorities}
	o.Next = next
	return i.Next.Init(o)
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	priorities *priorities
}

func (o *outbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o.priorities.seen[name] = workflow.GetActivityOptions(ctx).Priority
	return o.Next.ExecuteActivity(ctx, name, args...)
}

func (o *outbound) ExecuteChildWorkflow(ctx workflow.Context, name string, args ...any) workflow.ChildWorkflowFuture {
	o.priorities.seen[name] = workflow.GetChildWorkflowOptions(ctx).Priority
	return o.Next.ExecuteChildWorkflow(ctx, name, args...)
}

// prioritize has an environment note priorities.
func (b *bundle) prioritize() map[string]temporal.Priority {
	p := &priorities{seen: map[string]temporal.Priority{}}
	b.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{p}})
	return p.seen
}

// A step asks GitHub in the lane of its priority; see activities.NewInterceptor.
func TestTheLaneOfASyncIsThePriorityOfItsSteps(t *testing.T) {
	t.Parallel()
	for lane, want := range map[int]int{0: 4, 1: 1, 3: 3, 5: 5} {
		b := setupIn(t)
		seen := b.prioritize()
		b.plan.Collections = b.plan.Collections[:2]
		b.planned()
		b.pages("labels", done("labels", 1))
		b.ExecuteWorkflow(workflows.SyncRepositoryType, workflows.SyncRepositoryInput{OperationRef: ref, Subject: "o/r", Lane: lane})
		require.NoError(t, b.GetWorkflowError())
		require.Equal(t, temporal.Priority{PriorityKey: want, FairnessKey: "w"}, seen["PlanSync"])
		require.Equal(t, temporal.Priority{PriorityKey: want, FairnessKey: "w"}, seen["SyncPages"])
		require.Equal(t, 1, seen["FinishOperation"].PriorityKey, "what needs the database only waits for nobody")
	}
}

func TestAnOrganizationsLaneIsThatOfItsRepositories(t *testing.T) {
	t.Parallel()
	for lane, want := range map[int]int{0: 4, 1: 1} {
		b := setupIn(t)
		seen := b.prioritize()
		b.plan.Collections = b.plan.Collections[:1]
		b.OnActivity(steps.PlanOrganization, mock.Anything, ref).Return(b.plan, nil)
		b.OnActivity(steps.BeginRepositories, mock.Anything, mock.Anything).
			Return(activities.RepositoryBatch{Children: []activities.BegunRepository{{OperationID: "child", Subject: "o/r"}}, Done: true}, nil)
		b.OnActivity(steps.SettleRepositories, mock.Anything, ref).Return(activities.SettledRepositories{}, nil)
		var child workflows.SyncRepositoryInput
		b.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).Return(func(_ workflow.Context, in workflows.SyncRepositoryInput) error {
			child = in
			return nil
		})
		b.ExecuteWorkflow(workflows.SyncOrganizationType, workflows.SyncOrganizationInput{
			SyncRepositoryInput: workflows.SyncRepositoryInput{OperationRef: ref, Subject: "o", Lane: lane},
		})
		require.NoError(t, b.GetWorkflowError())
		require.Equal(t, want, seen["PlanOrganization"].PriorityKey)
		require.Equal(t, temporal.Priority{PriorityKey: want, FairnessKey: "w"}, seen[workflows.SyncRepositoryType])
		require.Equal(t, want, child.Lane)
	}
}

// What was not delivered is looked for before what is merely kept fresh.
func TestTheRecoveryOfDeliveriesIsRepair(t *testing.T) {
	b := setup(t)
	seen := b.prioritize()
	b.OnActivity(about.RecoverDeliveries, mock.Anything, mock.Anything).Return(activities.Recovered{}, nil)
	b.ExecuteWorkflow(workflows.RecoverDeliveriesType, workflows.RecoverDeliveriesInput{Recover: activities.Recover{WorkspaceID: "w"}})
	require.NoError(t, b.GetWorkflowError())
	require.Equal(t, temporal.Priority{PriorityKey: 2, FairnessKey: "w"}, seen["RecoverDeliveries"])
}
