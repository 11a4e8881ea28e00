// Package throttle bounds how many requests of the API one key or token may make, over
// all API processes, in Redis. Without Redis nobody is held up: the bound protects the
// service from a client that runs wild, and is no promise to anybody.
package throttle

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast/holdfast/internal/operation"
)

// Period is the time that a bound is about.
const Period = time.Minute

// Limiter allows so many requests a Period, evenly refilled: who has been quiet may
// make all of them at once. It is the generic cell rate algorithm, with Redis's clock.
type Limiter struct {
	redis redis.UniversalClient
	most  int
}

// New is a limiter of that many requests a Period.
func New(client redis.UniversalClient, most int) *Limiter { return &Limiter{redis: client, most: most} }

//go:embed take.lua
var script string

var take = redis.NewScript(script)

// Take counts a request of whoever key stands for, if it is allowed.
func (l *Limiter) Take(ctx context.Context, key string) (operation.Allowance, error) {
	a := operation.Allowance{Most: l.most, Period: Period}
	answer, err := take.Run(ctx, l.redis, []string{"holdfast:throttle:" + key}, l.most, Period.Milliseconds()).Int64Slice()
	if err != nil {
		return a, fmt.Errorf("count a request: %w", err)
	}
	if len(answer) != 3 {
		return a, fmt.Errorf("count a request: %d values instead of 3", len(answer))
	}
	a.Allowed, a.Left, a.Wait = answer[0] == 1, int(answer[1]), time.Duration(answer[2])*time.Millisecond
	return a, nil
}
