package budget

import (
	"context"
	"errors"
	"fmt"
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
	words  *redis.PubSub
	down   atomic.Bool
	pause  atomic.Int64 // before the next look, in nanoseconds; grows while calls fail
}

func newLink(l *Ledger, client redis.UniversalClient) (*link, error) {
	script, err := newScript(l.times)
	if err != nil {
		return nil, err
	}
	return &link{ledger: l, redis: client, script: script}, nil
}

// start listens for what other processes' calls give to this one.
func (k *link) start() {
	k.words = k.redis.Subscribe(k.ledger.ctx, channel, channel+":"+k.ledger.process)
	words := k.words.Channel(redis.WithChannelSize(1000))
	k.ledger.spawn(func() {
		for word := range words {
			k.ledger.heed(word.Payload, word.Channel == channel)
		}
	})
}

// close ends the listening.
func (k *link) close() {
	if err := k.words.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
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
func (k *link) works() { k.pause.Store(0) }

// fail notes one that did not: the ledger is alone until Redis is back.
func (k *link) fail(err error) {
	if k.ledger.ctx.Err() != nil || !k.down.CompareAndSwap(false, true) {
		return
	}
	k.ledger.log.Warn("Redis does not keep the budget of GitHub requests; this process goes on with its share", "error", err)
	pause := min(max(2*time.Duration(k.pause.Load()), k.ledger.times.heal), longestHeal)
	k.pause.Store(int64(pause))
	k.ledger.spawn(func() { k.heal(pause) })
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
