package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Register adds every workflow to a worker of TaskQueue.
func Register(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(SyncRepository, workflow.RegisterOptions{Name: SyncRepositoryType})
	w.RegisterWorkflowWithOptions(SyncOrganization, workflow.RegisterOptions{Name: SyncOrganizationType})
	w.RegisterWorkflowWithOptions(WatchRepository, workflow.RegisterOptions{Name: WatchRepositoryType})
	w.RegisterWorkflowWithOptions(SweepRepositories, workflow.RegisterOptions{Name: SweepRepositoriesType})
	w.RegisterWorkflowWithOptions(RunSchedule, workflow.RegisterOptions{Name: RunScheduleType})
	w.RegisterWorkflowWithOptions(RecoverDeliveries, workflow.RegisterOptions{Name: RecoverDeliveriesType})
}
