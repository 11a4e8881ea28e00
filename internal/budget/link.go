package budget

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// longestHeal is the longest time between looks whether Redis is back.
const longestHeal = 10 * time.Second

// link is a ledger's way to Redis.
type link struct {
	ledger *Ledger
	redis  redis.UniversalClient
	script *redis.Script
	down   atomic.Bool
	pause  atomic.Int64 // before the next look, in nanoseconds; grows while calls fail

	mu    sync.Mutex
	words *redis.PubSub // what other processes' calls tell; nil: nobody listens
}

func newLink(l *Ledger, client redis.UniversalClient) (*link, error) {
	script, err := newScript(l.times)
	if err != nil {
		return nil, err
	}
	return &link{ledger: l, redis: client, script: script}, nil
}

// listen hears what other processes' calls give to this one. It begins with a call that
// went well and ends with one that did not: to connect to a Redis that hangs takes long.
func (k *link) listen() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.words != nil || k.ledger.ctx.Err() != nil {
		return
	}
	k.words = k.redis.Subscribe(k.ledger.ctx, channel, channel+":"+k.ledger.process)
	words := k.words.Channel(redis.WithChannelSize(1000))
	k.ledger.spawn(func() {
		for word := range words {
			k.ledger.heed(word.Payload, word.Channel == channel)
		}
	})
}

// deafen ends the listening.
func (k *link) deafen() {
	k.mu.Lock()
	words := k.words
	k.words = nil
	k.mu.Unlock()
	if words == nil {
		return
	}
	if err := words.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		k.ledger.log.Warn("the subscription to Redis was not ended properly", "error", err)
	}
}

func (k *link) isUp() bool { return !k.down.Load() }

// run runs the script.
func (k *link) run(ctx context.Context, keys []string, args ...any) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, k.ledger.times.call)
	defer cancel()
	text, err := k.script.Run(ctx, k.redis, keys, args...).Text()
	if err != nil {
		return "", fmt.Errorf("ask Redis for the budget: %w", err)
	}
	return text, nil
}

// works notes a call that went well.
func (k *link) works() {
	k.pause.Store(0)
	k.listen()
}

// fail notes one that did not: the ledger is alone until Redis is back.
func (k *link) fail(err error) {
	if k.ledger.ctx.Err() != nil || !k.down.CompareAndSwap(false, true) {
		return
	}
	k.ledger.log.Warn("Redis does not keep the budget of GitHub requests; this process goes on with its share", "error", err)
	pause := min(max(2*time.Duration(k.pause.Load()), k.ledger.times.heal), longestHeal)
	k.pause.Store(int64(pause))
	k.ledger.spawn(func() {
		k.deafen()
		k.heal(pause)
	})
}

// heal looks for Redis until it is back.
func (k *link) heal(pause time.Duration) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-k.ledger.ctx.Done():
			return
		case <-tick.C:
		}
		if k.answers() {
			break
		}
	}
	k.down.Store(false)
	k.ledger.log.Info("Redis keeps the budget of GitHub requests again")
	for _, a := range k.ledger.known() {
		a.nudge(false)
	}
}

func (k *link) answers() bool {
	ctx, cancel := context.WithTimeout(k.ledger.ctx, k.ledger.times.call)
	defer cancel()
	return k.redis.Ping(ctx).Err() == nil
}
