package activities

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
)

// WaitCredential is what an operation waits for while GitHub accepts none of the
// credentials that it could be worked with.
const WaitCredential = "github_credential" //nolint:gosec // a code, no secret

const (
	// credentialPause is how long a step waits before it looks whether a credential was mended.
	credentialPause = time.Minute
	// tellAgain is by how much a wait has to be longer than the one that is shown to be
	// told anew: many short ones in a row are one for whoever looks.
	tellAgain = 30 * time.Second
)

// Clients gives steps their clients of GitHub; *github.Pool does.
type Clients interface {
	// For is a client of one of a workspace's connections that serve a repository, or with
	// an empty name the organization owner: one that need not wait for a resource, if there
	// is one. A *github.CredentialError says that there is none at all, or that GitHub
	// accepts none of them.
	For(ctx context.Context, workspaceID, owner, name string, resource budget.Resource) (*github.Client, error)
	// Connection is the client of one connection. Errors are those of For.
	Connection(ctx context.Context, workspaceID, id string) (*github.Client, error)
	// Ready is when the first of the connections that For chooses from lets requests for a
	// resource through; zero or past: one does now.
	Ready(ctx context.Context, workspaceID, owner, name string, resource budget.Resource) time.Time
	// Pace is what is known of GitHub's answers to a client, with the hourly budgets of all
	// connections that For chooses from.
	Pace(ctx context.Context, workspaceID, owner, name string, client *github.Client) budget.Pace
}

// asking is one step of an operation that asks GitHub. It does so with one client from
// its beginning to its end: what one credential is not shown another one may be, and
// entity tags are of one credential.
type asking struct {
	*Sync
	client      *github.Client
	owner, name string          // what it asks about, as Clients.For takes it
	resource    budget.Resource // what it asks for in the first place
}

// ask begins a step on a collection. Where no client can be had now, the result is the
// wait for one, which has been recorded.
func (a *Sync) ask(ctx context.Context, op operation.Operation, c collection.Collection, owner, name string) (*asking, *Wait, error) {
	resource := budget.Core
	if c.GraphQL != nil {
		resource = budget.GraphQL
	}
	client, err := a.Clients.For(ctx, op.WorkspaceID, owner, name, resource)
	if err == nil {
		return &asking{Sync: a, client: client, owner: owner, name: name, resource: resource}, nil, nil
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	w, ok := a.heldBy(err)
	if !ok {
		return nil, nil, retryable(err)
	}
	w.Collection = c.Name
	_, err = a.tell(ctx, op, w)
	return nil, a.until(w), err
}

// heldBy says what a step waits for that may not ask GitHub now: the end of a limit, or
// a credential that GitHub accepts. It is not ok for other errors.
func (a *Sync) heldBy(err error) (w operation.Waiting, ok bool) {
	var limit *budget.LimitError
	var credential *github.CredentialError
	switch {
	case errors.As(err, &limit):
		return operation.Waiting{For: string(limit.Limit), Reason: limit.Reason(), Until: limit.Until}, true
	case errors.As(err, &credential):
		return operation.Waiting{For: WaitCredential, Reason: credential.Reason, Until: a.Now().Add(a.scaled(credentialPause))}, true
	default:
		return w, false
	}
}

// until is the wait of a step that goes on then.
func (a *Sync) until(w operation.Waiting) *Wait {
	return &Wait{Reason: w.Reason, Pause: max(w.Until.Sub(a.Now()), 0)}
}

// scaled is a pause in the time of tests, whose GitHub has shorter windows.
func (a *Sync) scaled(d time.Duration) time.Duration {
	if a.Scale == 0 {
		return d
	}
	return time.Duration(float64(d) * a.Scale)
}

// dismissed is the wait of a step whose credential GitHub does not accept, which the
// pool has been told. It is not ok where nothing else can be had by waiting: there is no
// credential.
func (a *asking) dismissed(ctx context.Context, workspaceID string) (w operation.Waiting, ok bool) {
	next, err := a.Clients.For(ctx, workspaceID, a.owner, a.name, a.resource)
	if err != nil {
		return a.heldBy(err)
	}
	return operation.Waiting{For: WaitCredential, Until: a.Now()}, next != a.client
}

// hold ends a step that may not ask GitHub any more with a wait, which it records. Where
// another connection can take over, the next step does not wait for this one's.
func (a *asking) hold(ctx context.Context, op operation.Operation, w operation.Waiting) (*Wait, error) {
	until := a.relief(ctx, op.WorkspaceID, w.Until)
	if !until.After(a.Now()) {
		return &Wait{Reason: "Another connection takes over."}, nil
	}
	w.Until = until
	told, err := a.tell(ctx, op, w)
	if err == nil && told {
		a.renew(ctx, op, true)
	}
	return a.until(w), err
}

// relief is when the first connection can go on, if that is before a time; else the
// time. That one can now is believed of another one only.
func (a *asking) relief(ctx context.Context, workspaceID string, until time.Time) time.Time {
	ready := a.Clients.Ready(ctx, workspaceID, a.owner, a.name, a.resource)
	if !ready.Before(until) || ready.After(a.Now()) {
		return earlier(ready, until)
	}
	other, err := a.Clients.For(ctx, workspaceID, a.owner, a.name, a.resource)
	if err != nil || other == a.client {
		return until
	}
	return ready
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tell records a wait, unless the operation shows one already that is near enough. It
// tells whether it was recorded.
func (a *Sync) tell(ctx context.Context, op operation.Operation, w operation.Waiting) (bool, error) {
	if op.Waiting != nil && op.Waiting.For == w.For && w.Until.Sub(op.Waiting.Until) < tellAgain {
		a.Metrics.countWait(ctx, w.For, w.Until.Sub(a.Now()))
		return false, nil
	}
	return true, a.waiting(ctx, op, w)
}
