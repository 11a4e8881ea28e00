// Package workflows holds what happens in which order. Workflows decide and wait;
// everything that touches the world is an activity.
package workflows

import (
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/operation"
)

// Task queues.
const (
	// TaskQueue serves workflows and the steps that touch the database only.
	TaskQueue = "holdfast"
	// GitHubTaskQueue serves the steps that ask GitHub.
	GitHubTaskQueue = "github"
)

// SyncRepositoryType is the workflow type of KindSyncRepository.
const SyncRepositoryType = "SyncRepository"

// Search attributes of every operation's workflow.
var (
	AttributeWorkspace  = temporal.NewSearchAttributeKeyKeyword("HoldfastWorkspace")
	AttributeRepository = temporal.NewSearchAttributeKeyKeyword("HoldfastRepository")
	AttributeKind       = temporal.NewSearchAttributeKeyKeyword("HoldfastKind")
	AttributeState      = temporal.NewSearchAttributeKeyKeyword("HoldfastState")
)

// Lanes are the priorities of work that competes for one worker; smaller runs sooner.
const (
	laneInteractive = 1
	laneBackfill    = 4
)

// workflowType is the workflow type that does an operation's work; empty for a
// kind that this version does not know.
func workflowType(kind operation.Kind) string {
	if kind == operation.KindSyncRepository {
		return SyncRepositoryType
	}
	return ""
}
