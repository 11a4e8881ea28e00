package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/github"
)

const (
	// redeliverable is how long GitHub keeps a delivery and delivers it again.
	// Source: docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks.
	redeliverable = 72 * time.Hour
	// lookOverlap is how much of what was listed before is listed again: a delivery is
	// listed when its attempt has ended, and not always in the order of the attempts.
	lookOverlap = 15 * time.Minute
	// lookPages bounds one look. What a hook delivers beyond that is left to the sweep.
	lookPages = 500
	// knownAtOnce is how many GUIDs are looked up in one query.
	knownAtOnce = 1000
)

// Recover asks for a look at the hooks of a workspace.
type Recover struct {
	WorkspaceID string `json:"workspace_id"`
}

func (r Recover) ref() OperationRef { return OperationRef{WorkspaceID: r.WorkspaceID} }

// Recovered is what a look came to. With Wait set it has to be made again then.
type Recovered struct {
	Failed      int64 `json:"failed,omitempty"`      // deliveries of which no attempt succeeded
	Redelivered int64 `json:"redelivered,omitempty"` // GitHub was asked to deliver them again
	Due         int64 `json:"due,omitempty"`         // repositories left to the sweep: too old, or too many
	Wait        *Wait `json:"wait,omitempty"`
}

// RecoverDeliveries lists the deliveries of a workspace's hooks since the last look,
// and asks GitHub to deliver those again that failed and were not received. What GitHub
// does not have any more is left to the sweep of its repository. Made again, it asks
// for those again that have not arrived yet, which does no harm.
func (d *Deliveries) RecoverDeliveries(ctx context.Context, in Recover) (Recovered, error) {
	stop := heartbeat(ctx)
	defer stop()
	hooks, err := d.Hooks(ctx, in.WorkspaceID)
	if err != nil {
		return Recovered{}, retryable(err)
	}
	var all Recovered
	var refused error
	for _, hook := range hooks {
		err := d.recoverHook(ctx, hook, &all)
		if err != nil {
			err = d.hookFailed(ctx, hook, &all, err)
		}
		switch {
		case err == nil:
		case !isFatal(err):
			return all, err
		case refused == nil: // the other hooks are looked at all the same
			refused = err
		}
	}
	if all.Wait != nil {
		return all, nil
	}
	return all, refused
}

// hookFailed decides what follows when a hook could not be looked at. A wait is noted in
// all, the longest.
func (d *Deliveries) hookFailed(ctx context.Context, hook delivery.Hook, all *Recovered, err error) error {
	var limit *budget.LimitError
	var credential *github.CredentialError
	kind := github.KindOf(err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &limit):
		if pause := limit.Until.Sub(d.Now()); all.Wait == nil || pause > all.Wait.Pause {
			all.Wait = &Wait{Reason: limit.Reason(), Pause: pause}
		}
		return nil
	case errors.As(err, &credential): // the next run of the schedule makes up for it
		return fatal(WaitCredential, credential.Reason, err)
	case kind != "" && kind != github.KindUnreachable:
		return fatal(string(kind), refusal(kind, "the deliveries of "+hook.Path), err)
	default:
		return retryable(err)
	}
}

func (d *Deliveries) recoverHook(ctx context.Context, hook delivery.Hook, all *Recovered) error {
	client, err := d.Clients.Connection(ctx, hook.WorkspaceID, hook.Connection)
	if err != nil {
		return err
	}
	last, err := d.Store.DeliveryLook(ctx, hook.WorkspaceID, hook.Connection, hook.Path)
	if err != nil {
		return err
	}
	look, err := d.look(ctx, client, hook, last)
	if err != nil {
		return err
	}
	all.Failed += int64(len(look.failed))
	lost, err := d.redeliver(ctx, client, hook, look.failed, all)
	if err != nil {
		return err
	}
	if look.gap {
		if lost, err = d.Store.RepositoryIDs(ctx, hook.WorkspaceID, hook.Owner(), hook.Repository()); err != nil {
			return err
		}
		d.Logger.WarnContext(ctx, "deliveries may be missing that GitHub does not list any more; the repositories are swept", "hook", hook.Path)
	}
	all.Due += int64(len(lost))
	if err := d.Store.MarkSweepsDue(ctx, hook.WorkspaceID, lost...); err != nil {
		return err
	}
	return d.Store.SetDeliveryLook(ctx, hook.WorkspaceID, hook.Connection, hook.Path, look.at)
}

// look is what a hook's list of deliveries shows.
type look struct {
	at     time.Time             // by GitHub's clock
	gap    bool                  // some that may have failed are not listed
	failed []github.HookDelivery // the last attempt of each delivery of which none succeeded
}

// look lists a hook's attempts since the last look, at most three days back.
func (d *Deliveries) look(ctx context.Context, client *github.Client, hook delivery.Hook, last time.Time) (look, error) {
	var out look
	var since time.Time
	succeeded, failed := map[string]bool{}, map[string]github.HookDelivery{}
	next := ""
	for pages := 0; ; pages++ {
		page, err := client.ListHookDeliveries(ctx, hook.Path, next)
		if err != nil {
			return out, err
		}
		if pages == 0 {
			out.at = page.Date
			since = page.Date.Add(-redeliverable)
			out.gap = !last.IsZero() && last.Before(since)
			if recent := last.Add(-lookOverlap); recent.After(since) {
				since = recent
			}
		}
		old := false
		for _, attempt := range page.Deliveries {
			if attempt.DeliveredAt.Before(since) {
				old = true
				continue
			}
			if _, later := failed[attempt.GUID]; attempt.Succeeded() {
				succeeded[attempt.GUID] = true
			} else if !later { // they come newest first
				failed[attempt.GUID] = attempt
			}
		}
		if next = page.Next; next == "" || old {
			break
		}
		if pages+1 == lookPages {
			out.gap = true
			break
		}
	}
	for guid, attempt := range failed {
		if !succeeded[guid] {
			out.failed = append(out.failed, attempt)
		}
	}
	// Oldest first: they are the first that GitHub drops.
	slices.SortFunc(out.failed, func(a, b github.HookDelivery) int { return a.DeliveredAt.Compare(b.DeliveredAt) })
	return out, nil
}

// redeliver asks for the deliveries that did not arrive, and gives the repositories of
// those that GitHub does not have any more.
func (d *Deliveries) redeliver(ctx context.Context, client *github.Client, hook delivery.Hook, failed []github.HookDelivery, all *Recovered) (lost []int64, err error) {
	for some := range slices.Chunk(failed, knownAtOnce) {
		guids := make([]string, len(some))
		for i, attempt := range some {
			guids[i] = attempt.GUID
		}
		// Our answer may have been lost on its way: then GitHub takes for failed what was kept.
		known, err := d.Store.KnownDeliveries(ctx, hook.WorkspaceID, guids)
		if err != nil {
			return nil, err
		}
		for _, attempt := range some {
			if slices.Contains(known, attempt.GUID) {
				continue
			}
			err := client.Redeliver(ctx, hook.Path, attempt.ID)
			switch kind := github.KindOf(err); {
			case err == nil:
				all.Redelivered++
				d.Metrics.Count(ctx, attempt.Event, delivery.OutcomeRedelivered, 1)
			case kind == github.KindNotFound || kind == github.KindRejected || kind == github.KindGone:
				if attempt.RepositoryID != 0 && !slices.Contains(lost, attempt.RepositoryID) {
					lost = append(lost, attempt.RepositoryID)
				}
			default:
				return nil, fmt.Errorf("ask for a delivery again: %w", err)
			}
		}
	}
	return lost, nil
}
