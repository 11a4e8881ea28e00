package progress

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// readBlock is how long one read waits for entries, and so how long a reader
	// may take to notice that it shall stop, or that the stream was emptied.
	readBlock = 500 * time.Millisecond
	// readCount bounds the entries of one read.
	readCount = 512
	// readTimeout bounds every other question to Redis.
	readTimeout = 2 * time.Second
	// reconnectFirst and reconnectMost bound the pause after a failed read.
	reconnectFirst = 100 * time.Millisecond
	reconnectMost  = time.Second
	// streamStart is the id before every entry.
	streamStart = "0-0"
)

// reader follows the Redis stream for a hub. position is the id of the last entry
// seen, empty before the first contact.
type reader struct {
	hub      *Hub
	position string
}

// run reads until ctx ends.
func (r *reader) run(ctx context.Context) {
	pause := reconnectFirst
	for ctx.Err() == nil {
		err := r.read(ctx)
		if err == nil {
			pause = reconnectFirst
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if r.hub.healthy.Load() || pause == reconnectFirst {
			r.hub.opts.Logger.WarnContext(ctx, "Redis is not reachable; progress is polled from Postgres", "error", err)
		}
		r.hub.setHealthy(false)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, reconnectMost)
	}
}

// read takes the next entries off the stream and hands them out.
func (r *reader) read(ctx context.Context) error {
	if !r.hub.healthy.Load() {
		if err := r.locate(ctx); err != nil {
			return err
		}
		r.hub.setHealthy(true)
	}
	streams, err := r.hub.opts.Redis.XRead(ctx, &redis.XReadArgs{
		Streams: []string{r.hub.opts.Stream, r.position}, Count: readCount, Block: readBlock,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return r.locate(ctx) // nothing new, or nothing left
	}
	if err != nil {
		return fmt.Errorf("read the progress stream: %w", err)
	}
	for _, s := range streams {
		for _, entry := range s.Messages {
			r.position = entry.ID
			if e, ok := decode(entry); ok {
				r.hub.dispatch(e)
			}
		}
	}
	return nil
}

// locate makes sure that the position is one that entries will come after. Redis
// may have lost the stream, and a server with another clock may then number its
// entries below those that were seen: read on from where it ends now, and let
// every topic ask the source for what is missing.
func (r *reader) locate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	last, err := r.hub.opts.Redis.XRevRangeN(ctx, r.hub.opts.Stream, "+", "-", 1).Result()
	if err != nil {
		return fmt.Errorf("find the end of the progress stream: %w", err)
	}
	end := streamStart
	if len(last) > 0 {
		end = last[0].ID
	}
	switch {
	case r.position == "":
		r.position = end
	case before(end, r.position):
		r.position = end
		r.hub.refillAll()
	}
	return nil
}

// before tells whether stream id a is lower than b: "milliseconds-sequence".
func before(a, b string) bool {
	am, as := split(a)
	bm, bs := split(b)
	return am < bm || (am == bm && as < bs)
}

// split reads a stream id; what Redis would not have written counts as 0.
func split(id string) (ms, seq uint64) {
	left, right, _ := strings.Cut(id, "-")
	ms, _ = strconv.ParseUint(left, 10, 64)
	seq, _ = strconv.ParseUint(right, 10, 64)
	return ms, seq
}
