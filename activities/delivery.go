package activities

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// mostLooks is after how many passes that did not show what a delivery is about it is
// left to the sweep: they come 2, 4, 8, 16 and 32 s after one another. GitHub's
// replicas answer an older state for seconds, not for minutes.
const mostLooks = 5

// Deliveries holds what the steps about webhook deliveries need.
type Deliveries struct {
	Store       *store.Store
	Clients     Clients
	Collections *collection.Registry
	Metrics     *delivery.Metrics // nil: nothing is counted
	Logger      *slog.Logger
	Now         func() time.Time
	// Hooks are a workspace's, whose deliveries are listed; without any, those that failed
	// are not found.
	Hooks func(ctx context.Context, workspaceID string) ([]delivery.Hook, error)
}

// Watched names the repository that a watch is for.
type Watched struct {
	WorkspaceID  string `json:"workspace_id"`
	RepositoryID int64  `json:"repository_id"`
}

func (w Watched) repository() delivery.Repository {
	return delivery.Repository{WorkspaceID: w.WorkspaceID, ID: w.RepositoryID}
}

// ref lets logs and traces name the workspace.
func (w Watched) ref() OperationRef { return OperationRef{WorkspaceID: w.WorkspaceID} }

// WatchPass asks for the next pass of a watch.
type WatchPass struct {
	Watched
	Pass int `json:"pass"` // its number within the watch's run
}

// Claimed is the pass that deliveries nominate. Without an operation there is none to
// make now.
type Claimed struct {
	OperationID string        `json:"operation_id,omitempty"`
	Subject     string        `json:"subject,omitempty"`
	Waiting     int64         `json:"waiting,omitempty"` // deliveries that may be worked after Pause
	Pause       time.Duration `json:"pause,omitempty"`   // in nanoseconds
}

// ClaimDeliveries claims the deliveries of a repository that may be worked now, and
// writes the operation that reads the collections which they nominate. Repeated, it
// claims for the same operation: its id follows from the watch's run and the pass.
func (d *Deliveries) ClaimDeliveries(ctx context.Context, in WatchPass) (Claimed, error) {
	id := passID(activity.GetInfo(ctx).WorkflowExecution.RunID, in.Pass)
	names, err := d.Store.ClaimDeliveries(ctx, in.repository(), id)
	if err != nil {
		return Claimed{}, retryable(err)
	}
	subject, err := d.Store.RepositoryName(ctx, in.WorkspaceID, in.RepositoryID)
	if err != nil {
		return Claimed{}, retryable(err)
	}
	if len(names) == 0 || subject == "" {
		return d.nothing(ctx, in, id)
	}
	input, err := json.Marshal(operation.SyncInput{Repository: subject, Collections: names})
	if err != nil {
		return Claimed{}, fatal("invalid_input", "The operation's input cannot be written.", err)
	}
	_, _, err = d.Store.CreateOperation(ctx, operation.New{
		ID: id, WorkspaceID: in.WorkspaceID, Kind: operation.KindSyncRepository, Source: operation.SourceWebhook,
		Subject: subject, Input: input,
	})
	if err != nil && operation.CodeOf(err) != operation.CodeConflict { // an earlier attempt wrote it
		return Claimed{}, retryable(err)
	}
	return Claimed{OperationID: id, Subject: subject}, nil
}

// nothing settles what was claimed and nominates nothing that is mirrored, and tells
// what is left to wait for.
func (d *Deliveries) nothing(ctx context.Context, in WatchPass, id string) (Claimed, error) {
	if _, err := d.settle(ctx, in.Watched, id, false); err != nil {
		return Claimed{}, err
	}
	n, pause, err := d.Store.PendingDeliveries(ctx, in.repository())
	if err != nil {
		return Claimed{}, retryable(err)
	}
	return Claimed{Waiting: n, Pause: pause}, nil
}

// passID is the id of the operation of a watch's pass.
func passID(runID string, pass int) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("holdfast:watch:"+runID+":"+strconv.Itoa(pass))).String()
}

// WatchPassEnd asks what became of a pass.
type WatchPassEnd struct {
	Watched
	OperationID string `json:"operation_id"`
}

// Settled is what became of a pass's deliveries. With Open set the pass has not ended
// yet, and nothing was settled.
type Settled struct {
	Open      bool  `json:"open,omitempty"`
	Processed int64 `json:"processed,omitempty"`
	Again     int64 `json:"again,omitempty"` // GitHub still answered an older state, or the pass failed
	Left      int64 `json:"left,omitempty"`  // to the sweep
	// Ample tells that GitHub allows much more than the passes need that follow at a distance.
	Ample bool `json:"ample,omitempty"`
}

// SettleDeliveries marks the deliveries of a pass as processed, as far as the mirror
// shows what they are about.
func (d *Deliveries) SettleDeliveries(ctx context.Context, in WatchPassEnd) (Settled, error) {
	op, err := d.Store.Operation(ctx, in.WorkspaceID, in.OperationID)
	if err != nil && operation.CodeOf(err) != operation.CodeNotFound {
		return Settled{}, retryable(err)
	}
	if err == nil && !op.State.Terminal() {
		return Settled{Open: true}, nil
	}
	out, err := d.settle(ctx, in.Watched, in.OperationID, op.State != operation.StateSucceeded)
	out.Ample = err == nil && d.ample(ctx, in.WorkspaceID, op.Subject)
	return out, err
}

// ample tells whether half of the hourly budget is left that a repository is read on, as
// far as this process knows.
func (d *Deliveries) ample(ctx context.Context, workspaceID, repository string) bool {
	owner, name, _ := strings.Cut(repository, "/")
	client, err := d.Clients.For(ctx, workspaceID, owner, name, budget.Core)
	if err != nil {
		return false // the next pass will say why
	}
	pace := client.Pace()
	return pace.Limit > 0 && pace.Left >= pace.Limit/2
}

func (d *Deliveries) settle(ctx context.Context, in Watched, operationID string, failed bool) (Settled, error) {
	rows, err := d.Store.SettleDeliveries(ctx, store.Settle{
		Repository: in.repository(), OperationID: operationID, Failed: failed,
		Collections: d.Collections, MostLooks: mostLooks, Sweep: d.needSweep,
	})
	if err != nil {
		return Settled{}, retryable(err)
	}
	var out Settled
	for _, row := range rows {
		switch row.State {
		case delivery.StatePending:
			out.Again += row.Count
		case delivery.StateLeft:
			out.Left += row.Count
			d.Metrics.Count(ctx, row.Event, delivery.OutcomeLeft, row.Count)
		case delivery.StateProcessed, delivery.StateIgnored:
			out.Processed += row.Count
			d.Metrics.Count(ctx, row.Event, delivery.OutcomeProcessed, row.Count)
		}
	}
	if out.Left > 0 {
		d.Logger.WarnContext(ctx, "GitHub keeps answering an older state than its deliveries told of; the next sweep settles it",
			"repository_id", in.RepositoryID, "deliveries", out.Left)
	}
	return out, nil
}

// needSweep tells whether only a sweep can see what happened: GitHub kept answering an
// older state, or something has gone, of which a list by time shows nothing.
func (d *Deliveries) needSweep(rows []store.Settled) bool {
	return slices.ContainsFunc(rows, func(row store.Settled) bool {
		return row.State == delivery.StateLeft || row.State == delivery.StateProcessed && d.hidden(row.Event, row.Action)
	})
}

// hidden tells whether the incremental pass that an event nominates cannot see it.
func (d *Deliveries) hidden(event, action string) bool {
	return delivery.Gone(action) && slices.ContainsFunc(d.Collections.ByEvent(event), func(c collection.Collection) bool {
		return c.Events[0] == event && c.Mode != collection.FullList && c.Mode != collection.Single
	})
}
