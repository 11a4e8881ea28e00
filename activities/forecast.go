package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/forecast"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

const (
	// collectionsAtOnce is how many collections the workflow reads at once.
	collectionsAtOnce = 4
	// stepCost is what a step costs besides its requests and items: see DefaultBounds.
	stepCost = 50 * time.Millisecond
	// pastPaces is how many earlier operations are learnt from.
	pastPaces = 5
	// longestBusy bounds what counts as work between two forecasts: in a longer time
	// the operation waited.
	longestBusy = 10 * time.Second
)

// start makes an operation run, with a forecast of its work, or await approval.
func (a *asking) start(ctx context.Context, op operation.Operation, plan Plan) (operation.Operation, error) {
	var in operation.SyncInput
	if err := json.Unmarshal(op.Input, &in); err != nil {
		return op, fatal("invalid_input", "The operation's input cannot be read.", err)
	}
	planned, f, err := a.foresee(ctx, op, in, plan)
	if err != nil {
		return op, err
	}
	var event operation.Event
	if op.NeedsApproval() {
		op, event, err = a.Store.AwaitApproval(ctx, op.WorkspaceID, op.ID, planned, f, a.approval(f))
	} else {
		op, event, err = a.Store.StartForecast(ctx, op.WorkspaceID, op.ID, planned, f)
	}
	if err != nil {
		return op, retryable(err)
	}
	a.Publisher.Publish(ctx, event)
	return op, nil
}

// foresee says how much work a plan is: from what the mirror holds and, for lists
// that were never read, from their lengths, which cost one request each.
func (a *asking) foresee(ctx context.Context, op operation.Operation, in operation.SyncInput, plan Plan) ([]store.Planned, *operation.Forecast, error) {
	prospects, err := a.prospects(ctx, op, in, plan)
	if err != nil {
		return nil, nil, err
	}
	a.countLists(ctx, plan, prospects)
	if err := a.countParents(ctx, op, plan, prospects); err != nil {
		return nil, nil, err
	}
	pace, err := a.pace(ctx, op.WorkspaceID)
	if err != nil {
		return nil, nil, err
	}
	planned := make([]store.Planned, len(prospects))
	jobs := make([]forecast.Job, 0, len(prospects))
	f := operation.Forecast{}
	for i := range prospects {
		p := &prospects[i]
		list := p.list()
		p.left = p.requests(list)
		planned[i] = store.Planned{Name: p.collection.Name, ExpectedRequests: p.left + p.asked, Requests: p.asked}
		if list.Whole {
			planned[i].Total = max(p.items, 0)
		}
		if p.items < 0 && list.Whole && p.listed() {
			f.Basis.Unknown++
		}
		f.Requests += p.asked
		if p.collection.Mode != collection.Single {
			jobs = append(jobs, a.job(p.collection, p.left, planned[i].Total, list.Single()))
		}
	}
	estimate := forecast.Of(jobs, pace, a.budget(ctx, op.WorkspaceID))
	if estimate.Never { // all that GitHub allows is in reserve
		return planned, nil, nil
	}
	f.Requests += estimate.Requests + 1 // the repository itself, which has been read
	f.Items = estimate.Items + 1
	a.conclude(&f, a.Now(), estimate, pace)
	return planned, &f, nil
}

// prospects are the collections of a plan with their passes.
func (a *asking) prospects(ctx context.Context, op operation.Operation, in operation.SyncInput, plan Plan) ([]prospect, error) {
	passes, err := a.Store.PassStates(ctx, op.WorkspaceID, plan.RepositoryID)
	if err != nil {
		return nil, retryable(err)
	}
	prospects := make([]prospect, len(plan.Collections))
	for i, step := range plan.Collections {
		c, ok := a.Collections.ByName(step.Name)
		if !ok {
			return nil, unknown(step.Name)
		}
		p := prospect{collection: c, pass: passes[step.Name], full: in.Full, items: -1, batch: a.batch(c)}
		if err := readOptional(p.pass.Bookmark, &p.bookmark); err != nil {
			return nil, fatal(typeUnreadableCursor, "The pass's bookmark cannot be read.", err)
		}
		if p.bookmark.Listed || p.pass.Items > 0 {
			p.items = p.pass.Items
		}
		prospects[i] = p
	}
	return prospects, nil
}

// countLists asks for the lengths of the lists that were never read, all at once.
// What GitHub does not say stays unknown: a forecast is no reason to fail.
func (a *asking) countLists(ctx context.Context, plan Plan, prospects []prospect) {
	var group sync.WaitGroup
	for i := range prospects {
		p := &prospects[i]
		c := p.collection
		if p.bookmark.Listed || len(p.pass.Cursor) > 0 || !p.listed() || c.GraphQL != nil && c.GraphQL.Only {
			continue
		}
		group.Go(func() {
			items, requests, err := a.client.Count(ctx, countURL(c, plan), github.Ask{Accept: c.Accept})
			p.items, p.asked = items, requests
			switch kind := github.KindOf(err); {
			case err == nil && c.Cap > 0:
				p.items = min(items, int64(c.Cap))
			case kind == github.KindGone, kind == github.KindConflict:
				p.items = 0 // there is no such list
			}
		})
	}
	group.Wait()
}

// countURL is a page of one item of a collection's list.
func countURL(c collection.Collection, plan Plan) string {
	q := url.Values{"per_page": {"1"}}
	for name, values := range c.Query {
		q[name] = values
	}
	return c.ListPath(plan.Owner, plan.Name, "") + "?" + q.Encode()
}

// countParents counts the parents whose lists will be read: those that moved and,
// where the parents themselves were never read, all that there are.
func (a *Sync) countParents(ctx context.Context, op operation.Operation, plan Plan, prospects []prospect) error {
	for i := range prospects {
		p := &prospects[i]
		if p.collection.Mode != collection.PerParent {
			continue
		}
		for _, of := range prospects[:i] {
			if of.collection.Name != p.collection.ParentName() {
				continue
			}
			key := store.PassKey{WorkspaceID: op.WorkspaceID, RepositoryID: plan.RepositoryID, Collection: p.collection.Name}
			moved, err := a.Store.CountMovedParents(ctx, store.Moved{Key: key, Nested: p.collection, Parents: of.collection, Full: p.full})
			if err != nil {
				return retryable(err)
			}
			p.parents = moved
			if !of.bookmark.Listed {
				p.parents = max(moved, of.items)
			}
		}
	}
	return nil
}

// job is a collection's reading for the arithmetic.
func (a *Sync) job(c collection.Collection, requests, items, single int64) forecast.Job {
	j := forecast.Job{
		Name: c.Name, After: c.ParentName(), Requests: requests, Single: min(single, requests), Items: items,
		Width: a.Bounds.Window, PerStep: int64(a.Bounds.Pages),
	}
	if c.Mode == collection.PerParent {
		j.PerStep *= parentsStep
	}
	return j
}

// pace is how fast work gets done, from what was measured lately and by earlier syncs.
func (a *asking) pace(ctx context.Context, workspaceID string) (forecast.Pace, error) {
	past, err := a.Store.PastPaces(ctx, workspaceID, pastPaces)
	if err != nil {
		return forecast.Pace{}, retryable(err)
	}
	var earlier time.Duration
	measured := make([]float64, len(past))
	for i, p := range past {
		measured[i] = p.ItemsPerSecond
	}
	if len(past) > 0 {
		earlier = past[0].Latency
	}
	return a.paceOf(a.client.Pace(), earlier, forecast.Learn(measured)), nil
}

func (a *Sync) paceOf(seen budget.Pace, earlier time.Duration, itemsPerSecond float64) forecast.Pace {
	return forecast.Pace{
		Latency: forecast.PageLatency(seen.Short, seen.Latency, earlier), ItemsPerSecond: itemsPerSecond,
		AtOnce: collectionsAtOnce, InFlight: seen.InFlight, Step: stepCost,
	}
}

// budget is what GitHub still allows, on all connections together.
func (a *asking) budget(ctx context.Context, workspaceID string) forecast.Budget {
	seen, now := a.Clients.Pace(ctx, workspaceID, a.owner, a.name, a.client), a.Now()
	minute := forecast.Window{Limit: seen.PerMinute, Left: seen.MinuteLeft, Length: seen.Minute, Reset: seen.Minute}
	if minute.Limit > 0 {
		// What was spent comes back as it was spent, little by little: on average half a minute from now.
		minute.Reset -= time.Duration(float64(seen.Minute) / 2 * (1 - float64(minute.Left)/float64(minute.Limit)))
	}
	return forecast.Budget{
		Hour: forecast.Window{
			Limit: seen.Limit, Left: seen.Left, Reset: seen.Reset.Sub(now), Length: seen.Window, None: seen.Known && seen.Limit <= 0,
		},
		Minute: minute,
		Hold:   max(seen.Held.Sub(now), 0),
	}
}

// conclude fills in when an operation that was started then will be done.
func (a *Sync) conclude(f *operation.Forecast, started time.Time, left forecast.Estimate, pace forecast.Pace) {
	f.At = a.Now().UTC()
	f.DoneAt = f.At.Add(left.Duration)
	f.Seconds = f.DoneAt.Sub(started).Seconds()
	f.Basis.LatencyMS = float64(pace.Latency.Microseconds()) / 1000
	f.Basis.ItemsPerSecond = pace.ItemsPerSecond
	f.Basis.WaitSeconds = left.Waits.Seconds()
}

// ForecastLine says a forecast in a sentence for people; nothing for none.
func ForecastLine(f *operation.Forecast) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("About %d requests in all; done at about %s.", f.Requests, f.DoneAt.UTC().Format("15:04:05Z"))
}
