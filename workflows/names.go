// Package workflows holds what happens in which order. Workflows decide and wait;
// everything that touches the world is an activity.
package workflows

import (
	"strconv"

	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
)

// Task queues.
const (
	// TaskQueue serves workflows and the steps that touch the database only.
	TaskQueue = "holdfast"
	// GitHubTaskQueue serves the steps that ask GitHub.
	GitHubTaskQueue = "github"
	// UrgentTaskQueue serves those of them that somebody or something waits for, so that
	// they find a slot while the others take all of theirs.
	UrgentTaskQueue = "github-urgent"
)

// TaskQueues lists them all.
func TaskQueues() []string { return []string{TaskQueue, GitHubTaskQueue, UrgentTaskQueue} }

// The workflow types that do the work of operations.
const (
	// SyncRepositoryType is the workflow type of KindSyncRepository and KindReconcileRepository.
	SyncRepositoryType = "SyncRepository"
	// SyncOrganizationType is the workflow type of KindSyncOrganization.
	SyncOrganizationType = "SyncOrganization"
)

// The workflow types that do no operation's work themselves.
const (
	// WatchRepositoryType works the webhook deliveries of one repository.
	WatchRepositoryType = "WatchRepository"
	// RecoverDeliveriesType looks for deliveries that failed.
	RecoverDeliveriesType = "RecoverDeliveries"
	// SweepRepositoriesType reads the repositories whose turn it is.
	SweepRepositoriesType = "SweepRepositories"
	// RunScheduleType is one run of a schedule that somebody made.
	RunScheduleType = "RunSchedule"
)

// SignalNominated tells a watch that there are deliveries. It carries nothing: they
// are in Postgres.
const SignalNominated = "nominated"

// SignalChanged tells an operation's workflow that somebody has changed the operation's
// row: paused or resumed it, approved or rejected it. It carries nothing: the row says what.
const SignalChanged = "changed"

// WatchID is the id of the workflow that watches a repository.
func WatchID(r delivery.Repository) string {
	return "watch-" + r.WorkspaceID + "-" + strconv.FormatInt(r.ID, 10)
}

// Search attributes of every operation's workflow.
var (
	AttributeWorkspace  = temporal.NewSearchAttributeKeyKeyword("HoldfastWorkspace")
	AttributeRepository = temporal.NewSearchAttributeKeyKeyword("HoldfastRepository")
	AttributeKind       = temporal.NewSearchAttributeKeyKeyword("HoldfastKind")
	AttributeState      = temporal.NewSearchAttributeKeyKeyword("HoldfastState")
)

// Lanes are the priorities of work that competes for one worker, and for what GitHub
// still allows; smaller goes first. On GitHub's budget a sweep is a backfill.
const (
	laneInteractive = 1
	laneRepair      = 2
	laneIncremental = 3
	laneBackfill    = 4
	laneSweep       = 5
)

// githubQueue is where the steps of a lane ask GitHub.
func githubQueue(lane int) string {
	if lane <= laneIncremental {
		return UrgentTaskQueue
	}
	return GitHubTaskQueue
}

// laneOf is an operation's lane: the one that was asked for, else that of what asked.
func laneOf(op operation.Operation) int { return laneFor(op.Lane(), op.Source) }

func laneFor(asked operation.Lane, source operation.Source) int {
	switch asked {
	case operation.LaneInteractive:
		return laneInteractive
	case operation.LaneIncremental:
		return laneIncremental
	case operation.LaneBackfill:
		return laneBackfill
	}
	switch source {
	case operation.SourceWebhook:
		return laneIncremental
	case operation.SourceSweep:
		return laneSweep
	case operation.SourceSync, operation.SourceEdit:
	}
	return laneBackfill
}

// workflowType is the workflow type that does an operation's work; empty for a
// kind that this version does not know.
func workflowType(kind operation.Kind) string {
	switch kind {
	case operation.KindSyncRepository, operation.KindReconcileRepository:
		return SyncRepositoryType
	case operation.KindSyncOrganization:
		return SyncOrganizationType
	default:
		return ""
	}
}
