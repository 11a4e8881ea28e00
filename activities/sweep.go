package activities

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// dueAtOnce is how many repositories one run of a schedule reads at most; the next
	// one goes on with those that wait longest.
	dueAtOnce = 200
	// sweepAgain is when a sweep that did not succeed is due again.
	sweepAgain = time.Hour
)

// Rounds asks for the repositories that a scheduled run is to read.
type Rounds struct {
	WorkspaceID string        `json:"workspace_id"`
	Every       time.Duration `json:"every"` // how often each repository is read, in nanoseconds
	Full        bool          `json:"full"`  // sweeps: everything is compared
}

// Round is one run of a schedule, and what it reads.
type Round struct {
	Rounds
	Run string `json:"run"` // names the run: ids of operations follow from it
}

// DueRepository is a repository whose turn it is.
type DueRepository struct {
	OperationID string   `json:"operation_id"`
	Subject     string   `json:"subject"` // owner/name
	Collections []string `json:"collections,omitempty"`
}

// DueRepositories lists the repositories whose turn it is, those that wait longest
// first. The ids of their operations follow from the run, so that a step which is
// repeated does not begin another.
func (a *Sync) DueRepositories(ctx context.Context, in Round) ([]DueRepository, error) {
	space, err := uuid.Parse(in.Run)
	if err != nil {
		return nil, fatal("invalid_input", "The run's id cannot be read.", err)
	}
	list := a.Store.DueRefreshes
	if in.Full {
		list = a.Store.DueSweeps
	}
	rows, err := list(ctx, in.WorkspaceID, in.Every, dueAtOnce)
	if err != nil {
		return nil, retryable(err)
	}
	due := make([]DueRepository, len(rows))
	for i, row := range rows {
		due[i] = DueRepository{
			OperationID: uuid.NewSHA1(space, strconv.AppendInt(nil, row.RepositoryID, 10)).String(), Subject: row.FullName, Collections: row.Collections,
		}
	}
	return due, nil
}

// Begin asks for the operation of one repository whose turn it is.
type Begin struct {
	WorkspaceID string `json:"workspace_id"`
	Full        bool   `json:"full"`
	DueRepository
}

// BeginRepository writes the operation of a repository whose turn it is; its workflow
// is started at once after that. Beginning twice is beginning once.
func (a *Sync) BeginRepository(ctx context.Context, in Begin) error {
	input, err := json.Marshal(operation.SyncInput{Repository: in.Subject, Collections: in.Collections, Full: in.Full})
	if err != nil {
		return fatal("invalid_input", "The operation's input cannot be written.", err)
	}
	n := operation.New{ID: in.OperationID, WorkspaceID: in.WorkspaceID, Kind: operation.KindSyncRepository, Subject: in.Subject, Input: input}
	if in.Full {
		n.Kind, n.Source = operation.KindReconcileRepository, operation.SourceSweep
	}
	_, _, err = a.Store.CreateOperation(ctx, n)
	if err != nil && operation.CodeOf(err) != operation.CodeConflict {
		return retryable(err)
	}
	return nil
}

// recordSweep notes how a sweep has ended, for when the next one is due.
func (a *Sync) recordSweep(ctx context.Context, op operation.Operation) error {
	if op.Kind != operation.KindReconcileRepository {
		return nil
	}
	if err := a.Store.RecordSweep(ctx, op.WorkspaceID, op.ID, op.State == operation.StateSucceeded, sweepAgain); err != nil {
		return retryable(err)
	}
	return nil
}
