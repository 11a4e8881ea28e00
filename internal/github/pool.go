package github

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/connection"
)

const (
	// listFor is how long a workspace's connections are taken for what they were: a change
	// of one is obeyed at the latest then.
	listFor = 3 * time.Second
	// verifyAgain is how long a credential that GitHub could not say anything of is used
	// before it is asked once more whose it is.
	verifyAgain = time.Minute
	// lookEvery is how often a refused credential is tried again, by one process of all,
	// in case that it was mended on GitHub's side.
	lookEvery = 5 * time.Minute
	// noteTime bounds what is written about a connection after its request is over.
	noteTime = 10 * time.Second
)

// Connections is where a Pool learns of connections and tells how they fare. A Version
// that is given is the connection's when it was read: of one that was changed since,
// nothing is noted, and that is no error.
type Connections interface {
	// Connections lists a workspace's connections with their secrets.
	Connections(ctx context.Context, workspaceID string) ([]connection.Held, error)
	// Accept notes that GitHub accepts the credential, and whose it is. One that the user
	// has switched off stays so.
	Accept(ctx context.Context, connectionID string, version int64, account, login string) error
	// Refuse notes that GitHub does not accept the credential, with a sentence for people,
	// and that this was seen now.
	Refuse(ctx context.Context, connectionID string, version int64, reason string) error
	// Look lets one process of all try a refused credential again: it tells whether none
	// has for so long, and notes that this one does now.
	Look(ctx context.Context, connectionID string, version int64, every time.Duration) (bool, error)
}

// PoolOptions configure a Pool.
type PoolOptions struct {
	Connections Connections
	Tokens      TokenStore
	Ledger      *budget.Ledger
	UserAgent   string
	Transport   http.RoundTripper // shared by all clients; nil: one of its own
	Now         func() time.Time
	Scale       float64 // of every back-off; 0 means 1
	Logger      *slog.Logger

	TracerProvider trace.TracerProvider // nil: no spans
	MeterProvider  metric.MeterProvider // nil: nothing is measured
}

// Pool gives each step the client of a connection that serves its repository. It is safe
// for concurrent use.
type Pool struct {
	o PoolOptions

	mu         sync.Mutex
	workspaces map[string]*workspace
}

// workspace is what the pool knows of one workspace's connections.
type workspace struct {
	mu      sync.Mutex
	held    []connection.Held
	until   time.Time         // when they are read again
	entries map[string]*entry // by the connection's id
}

// entry is the client of one version of a connection. The workspace's mu guards what
// is not fixed.
type entry struct {
	held    connection.Held // without the secrets
	account string
	client  *Client // nil: broken says why there is none
	broken  string
	app     *Client // asks as the App; nil for a token

	turn    chan struct{} // held by whoever verifies it
	next    time.Time     // before then it is not verified again
	refused time.Time     // until when it is taken for refused, whatever the list says
}

// NewPool is a pool without a client yet.
func NewPool(o PoolOptions) *Pool {
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Transport == nil {
		o.Transport = NewTransport()
	}
	return &Pool{o: o, workspaces: map[string]*workspace{}}
}

// For is the client for a step on a repository that asks for a resource; name is empty
// where it is about an owner. The step should use it throughout: what GitHub shows, and
// its entity tags, depend on the credential. It is the same one as long as that is fit
// for use, and another when GitHub has refused it, or the lane of ctx has to wait with it
// and with another has not. Errors are *CredentialError when there is none, and those of
// the store.
func (p *Pool) For(ctx context.Context, workspaceID, owner, name string, resource budget.Resource) (*Client, error) {
	fit, err := p.fit(ctx, workspaceID, purpose{owner: owner, name: name})
	if err != nil {
		return nil, err
	}
	return choose(fit, budget.FlowOf(ctx).Lane, resource, owner, name, p.o.Now()), nil
}

// Connection is the client of one connection, whatever it serves. Errors are those of For.
func (p *Pool) Connection(ctx context.Context, workspaceID, id string) (*Client, error) {
	fit, err := p.fit(ctx, workspaceID, purpose{connection: id})
	if err != nil {
		return nil, err
	}
	return fit[0], nil
}

// Ready is when the first of the connections that For chooses from lets requests of the
// lane of ctx through, as far as this process knows; zero or past: one does now, or there is none.
func (p *Pool) Ready(ctx context.Context, workspaceID, owner, name string, resource budget.Resource) time.Time {
	fit, err := p.fit(ctx, workspaceID, purpose{owner: owner, name: name})
	if err != nil {
		return time.Time{}
	}
	now := p.o.Now()
	return now.Add(slices.Min(waits(fit, budget.FlowOf(ctx).Lane, resource, now)))
}

// Pace is what is known of GitHub's answers to a client that For gave, with what all
// connections together allow that For chooses from: the steps that follow take another
// one where the first must wait. Accounts of which nothing is known count as nothing.
func (p *Pool) Pace(ctx context.Context, workspaceID, owner, name string, client *Client) budget.Pace {
	pace := client.Pace()
	fit, err := p.fit(ctx, workspaceID, purpose{owner: owner, name: name})
	if err != nil || !pace.Known {
		return pace
	}
	return together(pace, client, fit, p.o.Now())
}

// fit are the clients that may be used for something, at least one.
func (p *Pool) fit(ctx context.Context, workspaceID string, what purpose) ([]*Client, error) {
	w := p.workspace(workspaceID)
	for {
		fit, due, err := p.pick(ctx, workspaceID, w, what)
		if err != nil || due == nil {
			return fit, err
		}
		// Each verification puts off the next one of its entry, so this ends.
		if err := p.verify(ctx, w, due); err != nil {
			return nil, err
		}
	}
}

// pick gives the clients that may be used, or the entry that has to be verified first.
func (p *Pool) pick(ctx context.Context, workspaceID string, w *workspace, what purpose) ([]*Client, *entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := p.read(ctx, workspaceID, w); err != nil {
		return nil, nil, err
	}
	serving, now := what.of(w.held), p.o.Now()
	var fit []*Client
	for _, h := range serving {
		e := w.entries[h.ID]
		if e.due(now) {
			return nil, e, nil
		}
		if e.fit(now) {
			fit = append(fit, e.client)
		}
	}
	if len(fit) == 0 {
		return nil, nil, noneFit(w, serving, what)
	}
	return fit, nil, nil
}

func (p *Pool) workspace(id string) *workspace {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.workspaces[id]
	if w == nil {
		w = &workspace{entries: map[string]*entry{}}
		p.workspaces[id] = w
	}
	return w
}

// read reads the workspace's connections if that is due. It makes the clients of those
// that are new, and drops those of the ones that were changed or deleted.
func (p *Pool) read(ctx context.Context, workspaceID string, w *workspace) error {
	if p.o.Now().Before(w.until) {
		return nil
	}
	held, err := p.o.Connections.Connections(ctx, workspaceID)
	if err != nil {
		return fmt.Errorf("read the connections of workspace %s: %w", workspaceID, err)
	}
	entries := make(map[string]*entry, len(held))
	for i, h := range held {
		e := w.entries[h.ID]
		if e == nil || e.held.Version != h.Version || e.account != AccountOf(h.Connection) {
			e = p.open(w, h)
		}
		h.Secrets = connection.Secrets{} // from here on only the client has them
		e.held, held[i], entries[h.ID] = h, h, e
	}
	p.wish(workspaceID, w.entries, entries)
	w.held, w.entries, w.until = held, entries, p.o.Now().Add(listFor)
	return nil
}
