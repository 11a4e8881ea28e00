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
	// mostRemembered bounds what strangers can have remembered by made-up names.
	mostRemembered = 1000
)

// Remembering asks another directory, and remembers its answers for a short while: a
// burst of deliveries costs one question.
type Remembering struct {
	Directory Directory
	Now       func() time.Time

	mu    sync.Mutex
	found map[string]remembered
}

type remembered struct {
	connection Connection
	ok         bool
	at         time.Time
}

// Lookup is the connection of that name, as it was a few seconds ago at the earliest
// unless the directory cannot be asked.
func (r *Remembering) Lookup(ctx context.Context, name string) (Connection, bool, error) {
	r.mu.Lock()
	known, seen := r.found[name]
	r.mu.Unlock()
	now := r.Now()
	if seen && now.Sub(known.at) < rememberFor {
		return known.connection, known.ok, nil
	}
	c, ok, err := r.Directory.Lookup(ctx, name)
	if err != nil {
		if seen && known.ok && now.Sub(known.at) < relyFor {
			return known.connection, true, nil
		}
		return c, false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil || len(r.found) >= mostRemembered {
		r.found = map[string]remembered{}
	}
	r.found[name] = remembered{c, ok, now}
	return c, ok, nil
}
