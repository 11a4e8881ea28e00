package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Register adds every workflow to a worker of TaskQueue.
func Register(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(SyncRepository, workflow.RegisterOptions{Name: SyncRepositoryType})
}
