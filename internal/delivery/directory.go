package delivery

import (
	"context"
	"sync"
	"time"
)

// Directory knows where deliveries may be sent.
type Directory interface {
	// Lookup is the connection of that name; ok is false where there is none.
	Lookup(ctx context.Context, name string) (c Connection, ok bool, err error)
}

// Fixed are connections that do not change.
type Fixed []Connection

// Lookup is the connection of that name.
func (f Fixed) Lookup(_ context.Context, name string) (Connection, bool, error) {
	for _, c := range f {
		if c.Name == name {
			return c, true, nil
		}
	}
	return Connection{}, false, nil
}

const (
	// rememberFor is how long what was found is taken for true: a secret that was
	// exchanged is known then at the latest.
	rememberFor = 3 * time.Second
	// relyFor is how long it is while it cannot be found out anew.
	relyFor = 10 * time.Minute
	// mostUnknown bounds what strangers can have remembered by made-up names. Names that
	// were found are as many as there are connections.
	mostUnknown = 1000
)

// Remembering asks another directory, and remembers its answers for a short while: a
// burst of deliveries costs one question.
type Remembering struct {
	Directory Directory
	Now       func() time.Time

	mu      sync.Mutex
	found   map[string]remembered
	unknown map[string]time.Time // names that are none, and when that was found out
}

type remembered struct {
	connection Connection
	at         time.Time
}

// Lookup is the connection of that name, as it was a few seconds ago at the earliest
// unless the directory cannot be asked.
func (r *Remembering) Lookup(ctx context.Context, name string) (Connection, bool, error) {
	now := r.Now()
	r.mu.Lock()
	known, found := r.found[name]
	missed, unknown := r.unknown[name]
	r.mu.Unlock()
	if found && now.Sub(known.at) < rememberFor {
		return known.connection, true, nil
	}
	if unknown && now.Sub(missed) < rememberFor {
		return Connection{}, false, nil
	}
	c, ok, err := r.Directory.Lookup(ctx, name)
	if err != nil {
		if found && now.Sub(known.at) < relyFor {
			return known.connection, true, nil
		}
		return c, false, err
	}
	r.remember(name, c, ok, now)
	return c, ok, nil
}

// remember keeps an answer. What strangers make up never takes the place of a connection.
func (r *Remembering) remember(name string, c Connection, ok bool, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil {
		r.found = map[string]remembered{}
	}
	if r.unknown == nil || len(r.unknown) >= mostUnknown {
		r.unknown = map[string]time.Time{}
	}
	delete(r.found, name)
	delete(r.unknown, name)
	if ok {
		r.found[name] = remembered{c, at}
	} else {
		r.unknown[name] = at
	}
}
