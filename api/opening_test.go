package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// upgrade are the headers of a WebSocket's handshake.
func upgrade() []string {
	return []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
}

// openRefused asks for a stream and returns the refusal.
func (b *bundle) openRefused(t *testing.T, id, token string) answer {
	t.Helper()
	return b.do(t, http.MethodGet, "/v1/operations/"+id+"/stream", token, nil, upgrade()...)
}

// hungStreams are those of a database that takes questions and answers none.
type hungStreams struct{ asked chan struct{} }

func (h hungStreams) Subscribe(ctx context.Context, _, _ string, _ int64) (*progress.Listener, error) {
	h.asked <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (h hungStreams) Follow(ctx context.Context, _ progress.Following) (*progress.Follower, error) {
	_, err := h.Subscribe(ctx, "", "", 0)
	return nil, err
}

func TestStreamIsNotOpenedForEver(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) {
		o.Streams, o.RequestTimeout = hungStreams{make(chan struct{}, 1)}, 20*time.Millisecond
	})
	got := b.openRefused(t, missingID, b.token(t, auth.RoleReader))
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Equal(t, "unavailable", got.problem(t).Code)
	require.NotEmpty(t, got.Header.Get("Retry-After"))
}

func TestShutdownBreaksTheOpeningOfStreamsOff(t *testing.T) {
	t.Parallel()
	hung := hungStreams{make(chan struct{}, 1)}
	b := setup(t, func(o *api.Options) { o.Streams = hung })
	ended := make(chan error)
	go func() {
		<-hung.asked
		ended <- b.api.Shutdown(context.Background())
	}()
	got := b.openRefused(t, missingID, b.token(t, auth.RoleReader))
	require.NoError(t, <-ended)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Equal(t, "The server is shutting down.", got.problem(t).Detail)
}

func TestStreamsOfOneSubjectAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.MaxStreamsOfOne = 2 })
	op := b.operation(t)
	mine := b.token(t, auth.RoleReader)
	first := b.dial(t, op.ID, mine, -1)
	next(t, first)
	next(t, b.dial(t, op.ID, b.token(t, auth.RoleAdmin), -1)) // another token of the same subject
	refused := b.openRefused(t, op.ID, mine)
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
	require.Equal(t, "too_many_streams", refused.problem(t).Code)
	require.Equal(t, "You have 2 streams open, and may not have more: close one first.", refused.problem(t).Detail)
	require.NotEmpty(t, refused.Header.Get("Retry-After"))

	// Others are not held up: another subject, and the same name in another workspace.
	next(t, b.dial(t, op.ID, b.grant(t, auth.Grant{Subject: "other", WorkspaceID: workspace, Role: auth.RoleReader, TTL: time.Hour}), -1))
	namesake := b.grant(t, auth.Grant{Subject: "tester", WorkspaceID: stranger, Role: auth.RoleReader, TTL: time.Hour})
	require.Equal(t, http.StatusNotFound, b.openRefused(t, op.ID, namesake).StatusCode)

	require.NoError(t, first.Close(websocket.StatusNormalClosure, ""))
	require.Eventually(t, func() bool { return b.opens(t, op.ID, mine) }, patience, 5*time.Millisecond, "a stream that has ended does not count")
}

// opens tells whether a stream can be opened, and closes it.
func (b *bundle) opens(t *testing.T, id, token string) bool {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), b.server.URL+"/v1/operations/"+id+"/stream", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		return false
	}
	return conn.CloseNow() == nil
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.MaxStreams = 1 })
	op := b.operation(t)
	next(t, b.dial(t, op.ID, b.token(t, auth.RoleReader), -1))
	other := b.grant(t, auth.Grant{Subject: "other", WorkspaceID: workspace, Role: auth.RoleReader, TTL: time.Hour})
	got := b.openRefused(t, op.ID, other)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Equal(t, "too_many_streams", got.problem(t).Code)
	require.NotEmpty(t, got.Header.Get("Retry-After"))
}

// A refusal, of whatever kind, takes no place.
func TestStreamsThatWereRefusedDoNotCount(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.MaxStreams, o.MaxStreamsOfOne = 1, 1 })
	op := b.operation(t)
	token := b.token(t, auth.RoleReader)
	require.Equal(t, http.StatusNotFound, b.openRefused(t, missingID, token).StatusCode)
	require.Equal(t, http.StatusUpgradeRequired, b.do(t, http.MethodGet, "/v1/operations/"+op.ID+"/stream", token, nil).StatusCode)
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodGet, "/v1/operations/"+op.ID+"/stream", token, nil, append(upgrade(), "Origin: https://example.com")...).StatusCode)
	b.store.setErr(errors.New("down"))
	require.Equal(t, http.StatusInternalServerError, b.openRefused(t, op.ID, token).StatusCode)
	b.store.setErr(nil)
	next(t, b.dial(t, op.ID, token, -1))
}

// crowdedStreams are those of a hub that takes no further operation.
type crowdedStreams struct{}

func (crowdedStreams) Subscribe(context.Context, string, string, int64) (*progress.Listener, error) {
	return nil, progress.ErrTooManyTopics
}

func (crowdedStreams) Follow(context.Context, progress.Following) (*progress.Follower, error) {
	return nil, progress.ErrTooManyTopics
}

func TestTooManyOperationsAreFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Streams = crowdedStreams{} })
	got := b.openRefused(t, missingID, b.token(t, auth.RoleReader))
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Equal(t, "too_many_streams", got.problem(t).Code)
	l := b.live(t, b.token(t, auth.RoleReader))
	l.subscribe("operations", "")
	require.Equal(t, "unavailable", l.next().Code)
}

// Events carry the id in lower case: a stream that was asked for in upper case must
// not wait for others.
func TestStreamOfAnIDInUpperCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	conn := b.dial(t, strings.ToUpper(op.ID), b.token(t, auth.RoleReader), -1)
	require.Equal(t, op.ID, next(t, conn).Operation.ID)
	b.publish(b.store.state(op.ID, operation.StateRunning))
	require.Equal(t, operation.StateRunning, next(t, conn).Operation.State)
}
