package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// HeartbeatTimeout is how long a worker may be silent before another takes over.
const HeartbeatTimeout = 10 * time.Second

// heartbeat tells Temporal that the worker lives until stop is called, so that a
// killed one is noticed within seconds. Stop waits for the last heartbeat: none may
// come after the step has ended.
func heartbeat(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(HeartbeatTimeout / 4)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				activity.RecordHeartbeat(ctx)
			case <-done:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}
