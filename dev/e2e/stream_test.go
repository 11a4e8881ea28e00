package e2e_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// balancer passes connections on to the first of several addresses that takes them, as
// what stands before several API processes does.
type balancer struct {
	listener net.Listener
	to       []string
	open     sync.WaitGroup
}

func newBalancer(t *testing.T, to ...string) *balancer {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &balancer{listener: listener, to: to}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	b.open.Go(func() { b.serve(ctx) })
	t.Cleanup(func() {
		cancel()
		require.NoError(t, listener.Close())
		b.open.Wait()
	})
	return b
}

func (b *balancer) serve(ctx context.Context) {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return // it was closed
		}
		b.open.Go(func() { b.pass(ctx, conn) })
	}
}

func (b *balancer) pass(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	for _, address := range b.to {
		behind, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			continue
		}
		stop := context.AfterFunc(ctx, func() { errors.Join(conn.Close(), behind.Close()) }) //nolint:errcheck // the test is over
		defer stop()
		b.open.Go(func() {
			io.Copy(behind, conn) //nolint:errcheck // the client sees it
			behind.Close()
		})
		io.Copy(conn, behind) //nolint:errcheck // the client sees it
		return
	}
}

// heard is what a follower was told, by topic.
type heard struct {
	mu      sync.Mutex
	seqs    map[string][]int64 // of the events of an operation or the changes
	states  map[string][]operation.State
	resets  int
	changes chan struct{} // closed once some changes have been told
}

func newHeard() *heard {
	return &heard{seqs: map[string][]int64{}, states: map[string][]operation.State{}, changes: make(chan struct{})}
}

// enoughChanges is how many changes are told before a process is killed.
const enoughChanges = 50

func (h *heard) note(u client.Update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u.Reset {
		h.resets++
	}
	switch u.Type {
	case progress.UpdateState:
		h.states[u.Topic] = append(h.states[u.Topic], u.Operation.State)
		h.seqs[u.Topic] = append(h.seqs[u.Topic], u.Seq)
	case progress.UpdateCollection:
		h.seqs[u.Topic] = append(h.seqs[u.Topic], u.Seq)
	case progress.UpdateChange:
		h.seqs[u.Topic] = append(h.seqs[u.Topic], u.Change.Seq)
		if len(h.seqs[u.Topic]) == enoughChanges {
			close(h.changes)
		}
	default:
	}
}

func (h *heard) count(topic string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seqs[topic])
}

func (h *heard) statesOf(topic string) []operation.State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.states[topic])
}

// Two API processes serve the same topics: who was connected to the one that is killed
// goes on at the other, on every topic, and nothing is lost, told twice or out of order.
func TestStreamsGoOnAtAnotherAPI(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 4000})
	other, err := w.product.StartAPI(t.Context(), "api", 0)
	require.NoError(t, err)
	w.stopAtEnd(other.Process)
	addresses := make([]string, 2)
	for i, text := range []string{w.api.URL, other.URL} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		addresses[i] = u.Host
	}
	token, err := w.product.Token(t.Context(), "reader")
	require.NoError(t, err)
	front := newBalancer(t, addresses...)
	follower, err := client.New("http://"+front.listener.Addr().String(), token, nil)
	require.NoError(t, err)
	operator, err := w.product.Token(t.Context(), "operator")
	require.NoError(t, err)
	w.client, err = client.New(other.URL, operator, nil)
	require.NoError(t, err)

	all, one := newHeard(), newHeard()
	begun := make(chan struct{}, 2)
	ctx, cancel := context.WithTimeout(t.Context(), syncTimeout)
	defer cancel()
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	following.Go(func() {
		err := follower.Follow(ctx, []string{"operations", "changes"}, func(u client.Update) error {
			if u.Type == progress.UpdateSnapshot {
				begun <- struct{}{}
			}
			all.note(u)
			return nil
		})
		if ctx.Err() == nil {
			t.Error("the follower ended", err)
		}
	})
	<-begun
	<-begun
	op := w.startSync()
	topic := "operation:" + op.ID
	ended := make(chan error, 1)
	following.Go(func() {
		ended <- follower.Follow(ctx, []string{topic}, func(u client.Update) error {
			one.note(u)
			return nil
		})
	})
	w.startWorker()
	<-all.changes
	require.NoError(t, w.api.Process.Kill())
	require.NoError(t, <-ended, "it ends with its operation")

	got, err := w.client.Operation(t.Context(), op.ID)
	require.NoError(t, err)
	w.requireSucceeded(got)
	require.Equal(t, got.Seq, one.seqs[topic][len(one.seqs[topic])-1])
	requireContiguous(t, one.seqs[topic])
	changes := w.count(`select count(*) from changes`)
	require.Eventually(t, func() bool {
		return all.count("changes") >= changes && slices.Contains(all.statesOf("operations"), operation.StateSucceeded)
	},
		syncTimeout, 10*time.Millisecond, "%d changes are not told, or not the end", changes)
	cancel()
	following.Wait()
	requireContiguous(t, all.seqs["changes"])
	require.Len(t, all.seqs["changes"], changes)
	require.Equal(t, []operation.State{operation.StatePending, operation.StateRunning, operation.StateSucceeded}, slices.Compact(all.statesOf("operations")))
	require.True(t, slices.IsSorted(all.seqs["operations"]))
	require.Zero(t, all.resets+one.resets)
}

// requireContiguous holds that nothing is missing, twice, or out of order.
func requireContiguous(t *testing.T, seqs []int64) {
	t.Helper()
	for i, seq := range seqs {
		require.Equal(t, seqs[0]+int64(i), seq)
	}
}
