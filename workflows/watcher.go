package workflows

import (
	"context"
	"strconv"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/delivery"
)

// Watch tells a repository's watch that there are deliveries, and starts it if it is
// not running. CodeUnavailable when that cannot be done now.
func (s *Starter) Watch(ctx context.Context, r delivery.Repository) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.temporal.SignalWithStartWorkflow(ctx, WatchID(r), SignalNominated, nil, client.StartWorkflowOptions{
		ID:                    WatchID(r),
		TaskQueue:             TaskQueue,
		StaticSummary:         "Deliveries of repository " + strconv.FormatInt(r.ID, 10),
		Priority:              temporal.Priority{PriorityKey: laneIncremental, FairnessKey: r.WorkspaceID},
		TypedSearchAttributes: temporal.NewSearchAttributes(AttributeWorkspace.ValueSet(r.WorkspaceID)),
	}, WatchRepositoryType, WatchRepositoryInput{Watched: activities.Watched{WorkspaceID: r.WorkspaceID, RepositoryID: r.ID}})
	return translate("tell the watch of a repository", err)
}
