package auth

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MaxToken is the longest token that is read, in bytes.
	MaxToken = 8 << 10
	// cachedTokens bounds how many verified tokens a Cache remembers.
	cachedTokens = 4096
)

// Voucher is a key that vouches for tokens. Once it is withdrawn no cache answers with
// what it vouched for, and it cannot be given back: a key that returns is another Voucher.
type Voucher struct{ withdrawn atomic.Bool }

// Withdraw ends what the key vouches for, at once.
func (v *Voucher) Withdraw() { v.withdrawn.Store(true) }

// Cache remembers whose the tokens are that were verified, so that the next request with
// one costs a hash in the place of a signature. It knows tokens by their SHA-256 only. What
// it knows of one ends with the token's "exp" (in the Leeway after it the token is verified
// each time) and with its Voucher; the least recently shown one makes room. It is safe
// for concurrent use.
type Cache struct {
	most  int
	mu    sync.Mutex
	known map[[sha256.Size]byte]*list.Element
	used  *list.List // of *verified, the most recently shown first
}

// verified is a token that was found good.
type verified struct {
	token    [sha256.Size]byte
	identity Identity
	voucher  *Voucher
	from     time.Time // when it was verified: before that nobody has looked at "nbf"
}

// NewCache makes a cache of at most that many tokens; 4096 if most is 0.
func NewCache(most int) *Cache {
	if most <= 0 {
		most = cachedTokens
	}
	return &Cache{most: most, known: map[[sha256.Size]byte]*list.Element{}, used: list.New()}
}

// Get is whose the token is, if that is known and still so.
func (c *Cache) Get(token string, now time.Time) (Identity, bool) {
	id := sha256.Sum256([]byte(token))
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.known[id]
	if !ok {
		return Identity{}, false
	}
	v, ok := element.Value.(*verified)
	if !ok || v.voucher.withdrawn.Load() || !now.Before(v.identity.ExpiresAt) {
		c.forget(element)
		return Identity{}, false
	}
	if now.Before(v.from) { // the clock was set back
		return Identity{}, false
	}
	c.used.MoveToFront(element)
	return v.identity, true
}

// Put remembers a token that was verified now, and whose key vouches for it. One without an
// end is not remembered, nor one whose end has come.
func (c *Cache) Put(token string, identity Identity, voucher *Voucher, now time.Time) {
	if !now.Before(identity.ExpiresAt) {
		return
	}
	v := &verified{token: sha256.Sum256([]byte(token)), identity: identity, voucher: voucher, from: now}
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.known[v.token]; ok {
		c.forget(element)
	}
	c.known[v.token] = c.used.PushFront(v)
	for c.used.Len() > c.most {
		c.forget(c.used.Back())
	}
}

// Len is how many tokens are remembered.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used.Len()
}

func (c *Cache) forget(element *list.Element) {
	if v, ok := c.used.Remove(element).(*verified); ok {
		delete(c.known, v.token)
	}
}
