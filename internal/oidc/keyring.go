package oidc

import (
	"context"
	"crypto"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/internal/auth"
)

const (
	// pause is the least time between two fetches of an issuer's keys, whoever asks for
	// them: tokens with invented key ids cannot make this server hammer an issuer.
	pause = 30 * time.Second
	// longestPause is what the pause grows to while an issuer is away and nobody asks.
	longestPause = 5 * time.Minute
)

// keyring holds an issuer's keys.
//
// They are fetched when the server starts, again in the background whenever they are not
// fresh any more, and when a token names a key that is not there, but never twice within
// a pause and never twice at once: those who wait share one fetch. While an issuer is
// away its keys stay, however old, and holdfast.oidc.keys.age tells how old they are. A
// key that a newer set does not have is withdrawn, with all that it vouched for.
type keyring struct {
	issuer  string
	accept  []string // algorithms
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics

	keys    atomic.Pointer[map[keyID]key] // nil: there were none yet
	fetched atomic.Pointer[time.Time]     // when they were

	mu     sync.Mutex
	flight chan struct{} // closed when the fetch that is under way ends; nil: none is
	tried  time.Time     // when the last fetch began
	due    time.Time     // when the next one is, if nobody asks before
	failed int           // in a row
}

// find is the key of that name. had tells whether there were keys at all.
func (r *keyring) find(ctx context.Context, id keyID) (k key, found, had bool) {
	k, found, had = r.look(id)
	if found || had && r.knows(id.id) {
		return k, found, had
	}
	flight := r.fetch(ctx)
	if flight == nil {
		return k, false, had
	}
	select {
	case <-flight:
	case <-ctx.Done():
	}
	return r.look(id)
}

func (r *keyring) look(id keyID) (k key, found, had bool) {
	keys := r.keys.Load()
	if keys == nil {
		return key{}, false, false
	}
	k, found = (*keys)[id]
	return k, found, true
}

// knows tells whether there is a key of that kid for any algorithm: a token that has
// another one is not a reason to look for more keys.
func (r *keyring) knows(kid string) bool {
	for id := range *r.keys.Load() {
		if id.id == kid {
			return true
		}
	}
	return false
}

// fetch fetches the keys, unless that was just done; then it returns nil, and otherwise
// a channel that is closed when it is done. The fetch outlives whoever asked for it.
func (r *keyring) fetch(ctx context.Context) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	now := r.now()
	if !r.tried.IsZero() && now.Sub(r.tried) < pause {
		return nil
	}
	r.tried, r.flight = now, make(chan struct{})
	ctx = context.WithoutCancel(ctx)
	go func() {
		age, err := r.replace(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.failed++
			age = min(pause<<min(r.failed-1, 10), longestPause)
		} else {
			r.failed = 0
		}
		r.due = r.now().Add(age)
		close(r.flight)
		r.flight = nil
	}()
	return r.flight
}

// run fetches the keys at once, and again whenever it is time, until ctx ends.
func (r *keyring) run(ctx context.Context) {
	for {
		if flight := r.fetch(ctx); flight != nil {
			select {
			case <-flight:
			case <-ctx.Done():
				return
			}
		}
		r.mu.Lock()
		wait := max(r.due.Sub(r.now()), r.tried.Add(pause).Sub(r.now()))
		r.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// replace fetches the keys and puts them in the place of those that are there. It tells
// how long they are fresh.
func (r *keyring) replace(ctx context.Context) (time.Duration, error) {
	set, err := fetch(ctx, r.client, r.issuer)
	var keys map[keyID]crypto.PublicKey
	var unfit []error
	if err == nil {
		keys, unfit, err = readKeys(set.raw, r.accept)
	}
	r.metrics.count(ctx, r.issuer, err)
	if err != nil {
		r.log.WarnContext(ctx, "the keys of an issuer could not be fetched; those that are there stay", "issuer", r.issuer, "keys", r.count(), "error", err)
		return 0, err
	}
	for _, why := range unfit {
		r.log.DebugContext(ctx, "a key of an issuer is not used", "issuer", r.issuer, "reason", why)
	}
	if len(keys) == 0 {
		r.log.WarnContext(ctx, "an issuer has no key that fits its algorithms; its tokens are refused", "issuer", r.issuer, "algorithms", r.accept)
	}
	r.exchange(keys)
	now := r.now()
	r.fetched.Store(&now)
	return set.age, nil
}

// exchange keeps the keys that stay, with what they vouched for, and withdraws those
// that went or are others under an old name.
func (r *keyring) exchange(public map[keyID]crypto.PublicKey) {
	old := map[keyID]key{}
	if keys := r.keys.Load(); keys != nil {
		old = maps.Clone(*keys)
	}
	next := make(map[keyID]key, len(public))
	for id, p := range public {
		was, there := old[id]
		if same, ok := was.public.(interface{ Equal(x crypto.PublicKey) bool }); there && ok && same.Equal(p) {
			next[id] = was
			delete(old, id)
			continue
		}
		next[id] = key{public: p, voucher: new(auth.Voucher)}
	}
	r.keys.Store(&next)
	for _, gone := range old {
		gone.voucher.Withdraw()
	}
}

// count is how many keys there are.
func (r *keyring) count() int {
	if keys := r.keys.Load(); keys != nil {
		return len(*keys)
	}
	return 0
}
