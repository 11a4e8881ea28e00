package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// outsideShare is the part of each hour that the other tool spends.
	outsideShare = 0.15
	outsideEvery = 100 * time.Millisecond
	// slowDowns is how often GitHub asks to slow down, at most, each with that chance of a request.
	slowDowns, slowDownChance = 6, 1.0 / 1500
)

// trouble does what the plan's kind has for the run, until ctx ends.
func (s *stack) trouble(ctx context.Context) error {
	switch s.plan.Kind {
	case Calm:
		return nil
	case Outside:
		s.spendOutside(ctx)
		return nil
	case KillRedis, FlushRedis, KillWorker:
	}
	select {
	case <-ctx.Done():
		return errors.New("the work was done before its middle was seen")
	case <-s.github.watch.half:
	}
	switch s.plan.Kind {
	case KillRedis:
		return s.options.KillRedis(context.WithoutCancel(ctx), s.plan.Outage)
	case FlushRedis:
		return s.flushRedis(context.WithoutCancel(ctx))
	default:
		return s.killWorker()
	}
}

func (s *stack) flushRedis(ctx context.Context) (err error) {
	options, err := redis.ParseURL(s.options.RedisURL)
	if err != nil {
		return fmt.Errorf("read the URL of Redis: %w", err)
	}
	all := redis.NewClient(options)
	defer func() { err = errors.Join(err, all.Close()) }()
	if err := all.FlushDB(ctx).Err(); err != nil {
		return fmt.Errorf("empty Redis: %w", err)
	}
	return nil
}

// spendOutside is another tool that uses the same credentials at a steady pace.
func (s *stack) spendOutside(ctx context.Context) {
	tick := time.NewTicker(outsideEvery)
	defer tick.Stop()
	began, spent := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			due := int(outsideShare * float64(s.plan.Limit) * float64(now.Sub(began)) / float64(s.plan.Window))
			for _, u := range s.github.users {
				s.github.sim.Spend(account(u), due-spent)
			}
			spent = due
		}
	}
}
