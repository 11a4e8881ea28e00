package progress

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// A listener that does not read for 3,000 events: the others get everything
// meanwhile, and it then gets every state, the last totals, and a count of the rest.
func TestSlowListener(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	slow, quick := b.subscribe(t, -1), b.subscribe(t, -1)
	slowOp, quickOp := operation.Operation{State: operation.StatePending}, operation.Operation{}
	apply := func(l *Listener, op *operation.Operation) []Message {
		messages, err := l.Next(t.Context())
		require.NoError(t, err)
		for _, m := range messages {
			require.NoError(t, m.Apply(op), "no gap that is not declared")
		}
		return messages
	}
	apply(slow, &slowOp)
	apply(quick, &quickOp)
	const rounds, pages = 60, 50
	for round := range rounds {
		b.publish(b.source.pages(pages)...)
		if round == rounds/2 {
			b.publish(b.source.state(operation.StateRunning))
		}
		for quickOp.Seq < b.source.op.Seq {
			for _, m := range apply(quick, &quickOp) {
				require.Zero(t, m.Skipped, "a listener that keeps up gets everything")
			}
		}
	}
	b.publish(b.source.state(operation.StateSucceeded))
	var got []Message
	for !slowOp.State.Terminal() {
		got = append(got, apply(slow, &slowOp)...)
	}
	requireEnd(t, slow)
	var states []operation.State
	var skipped int64
	for _, m := range got {
		skipped += m.Skipped
		if m.Operation != nil {
			states = append(states, m.Operation.State)
		}
	}
	require.Equal(t, []operation.State{operation.StateRunning, operation.StateSucceeded}, states)
	require.Equal(t, int64(rounds*pages+2), skipped+int64(len(got)), "every event is told or counted")
	require.Less(t, len(got), 100)
	require.Equal(t, int64(pages), slowOp.Collections[0].Items)
}

// What is asked for with since is told event by event, however much it is.
func TestCatchingUpIsNeverThinnedOut(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	const n = 1700
	b.source.pages(n)
	l := b.subscribe(t, 0)
	var op operation.Operation
	for op.Seq < n {
		messages, err := l.Next(t.Context())
		require.NoError(t, err)
		for _, m := range messages {
			require.Zero(t, m.Skipped)
			require.NoError(t, m.Apply(&op))
		}
	}
}

// A slow listener whose events are gone from the topic and from the source is
// started over, and told so.
func TestSlowListenerBeyondWhatIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	slow, quick := b.subscribe(t, -1), b.subscribe(t, -1)
	read(t, slow, 1)
	read(t, quick, 1)
	const burst = coalesceAbove / 2
	for range 3 * keep / 2 / burst {
		b.publish(b.source.pages(burst)...)
		read(t, quick, burst)
	}
	b.source.prune(keep)
	require.Equal(t, []string{"reset 1536 pending"}, read(t, slow, 1))
	b.publish(b.source.items("issues", 7))
	require.Equal(t, []string{"1537 issues 7"}, read(t, slow, 1))
}
