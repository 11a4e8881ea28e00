package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
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

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// dial opens a stream; since below 0 asks for a snapshot.
func (b *bundle) dial(t *testing.T, id, token string, since int64) *websocket.Conn {
	t.Helper()
	path := "/v1/operations/" + id + "/stream"
	if since >= 0 {
		path += "?since=" + strconv.FormatInt(since, 10)
	}
	conn, _, err := websocket.Dial(t.Context(), b.server.URL+path, &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // most are closed by then
	return conn
}

// publish hands on what was just committed, as an activity does.
func (b *bundle) publish(events ...operation.Event) {
	b.publisher.Publish(context.Background(), events...)
}

// next reads one message.
func next(t *testing.T, conn *websocket.Conn) progress.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kind, data, err := conn.Read(ctx)
	require.NoError(t, err)
	require.Equal(t, websocket.MessageText, kind)
	var m progress.Message
	require.NoError(t, json.Unmarshal(data, &m), string(data))
	return m
}

// requireClosed holds that the server ends the stream with that code and reason.
func requireClosed(t *testing.T, conn *websocket.Conn, code websocket.StatusCode, reason string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, data, err := conn.Read(ctx)
	require.Error(t, err, string(data))
	var ce websocket.CloseError
	require.ErrorAs(t, err, &ce)
	require.Equal(t, code, ce.Code, ce.Reason)
	require.Contains(t, ce.Reason, reason)
}

func TestStreamSnapshotThenEventsThenEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	b.store.state(op.ID, operation.StateRunning)
	b.store.items(op.ID, "issues", 100)
	conn := b.dial(t, op.ID, b.token(t, auth.RoleReader), -1)
	first := next(t, conn)
	require.Equal(t, progress.MessageSnapshot, first.Type)
	require.Equal(t, int64(2), first.Seq)
	require.Equal(t, int64(100), first.Operation.Collections[0].Items)
	b.publish(b.store.items(op.ID, "issues", 200))
	second := next(t, conn)
	require.Equal(t, progress.MessageCollection, second.Type)
	require.Equal(t, int64(3), second.Seq)
	require.Equal(t, int64(200), second.Collection.Items)
	require.NotNil(t, second.At)
	b.publish(b.store.state(op.ID, operation.StateFailed))
	third := next(t, conn)
	require.Equal(t, progress.MessageState, third.Type)
	require.Equal(t, operation.StateFailed, third.Operation.State)
	require.Equal(t, "GitHub does not know this repository.", third.Operation.Failure.Message)
	require.Empty(t, third.Operation.Collections)
	requireClosed(t, conn, websocket.StatusNormalClosure, "ended")
}

// The wire format, byte for byte where a client depends on it.
func TestStreamWireFormat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	b.store.items(op.ID, "issues", 5)
	b.store.state(op.ID, operation.StateRunning)
	conn := b.dial(t, op.ID, b.token(t, auth.RoleReader), 0)
	for _, want := range []string{
		`{"type":"collection","seq":1,"at":"2026-03-01T12:00:01Z","collection":{"name":"issues","state":"running","items":5,"total":0,"written":0,"pages":0,"requests":0}}`,
		`{"type":"state","seq":2,"at":"2026-03-01T12:00:02Z","operation":{"id":"` + op.ID + `","kind":"sync_repository","subject":"octo/mirror","input":{"repository":"octo/mirror"},"state":"running","seq":2,"created_at":"2026-03-01T12:00:00Z"}}`,
	} {
		_, data, err := conn.Read(t.Context())
		require.NoError(t, err)
		require.JSONEq(t, want, string(data))
	}
}

func TestStreamResumes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	token := b.token(t, auth.RoleReader)
	conn := b.dial(t, op.ID, token, -1)
	var seen operation.Operation
	require.NoError(t, next(t, conn).Apply(&seen))
	for i := range int64(3) {
		b.publish(b.store.items(op.ID, "issues", i+1))
	}
	require.NoError(t, next(t, conn).Apply(&seen))
	require.NoError(t, conn.CloseNow()) // the connection drops in the middle
	b.publish(b.store.items(op.ID, "labels", 11), b.store.state(op.ID, operation.StateSucceeded))

	conn = b.dial(t, op.ID, token, seen.Seq)
	for !seen.State.Terminal() {
		require.NoError(t, next(t, conn).Apply(&seen), "without loss or repetition")
	}
	require.Equal(t, int64(5), seen.Seq)
	requireClosed(t, conn, websocket.StatusNormalClosure, "ended")
	// After the end there is nothing more to say.
	requireClosed(t, b.dial(t, op.ID, token, seen.Seq), websocket.StatusNormalClosure, "ended")
	// Beyond the end, the stream starts over.
	reset := next(t, b.dial(t, op.ID, token, 99))
	require.True(t, reset.Reset)
	require.Equal(t, progress.MessageSnapshot, reset.Type)
}

func TestStreamFollowsACancel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	conn := b.dial(t, op.ID, b.token(t, auth.RoleReader), -1)
	next(t, conn)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/cancel", b.token(t, auth.RoleOperator), nil).StatusCode)
	require.Equal(t, operation.StateCancelling, next(t, conn).Operation.State)
}

func TestStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	token := b.grant(t, auth.Grant{Subject: "tester", WorkspaceID: workspace, Role: auth.RoleReader, TTL: time.Minute})
	b.advance(time.Minute + auth.Leeway - 50*time.Millisecond)
	conn := b.dial(t, op.ID, token, -1)
	next(t, conn)
	requireClosed(t, conn, websocket.StatusPolicyViolation, "token has expired")
}

func TestStreamEndsWithTheServer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	token := b.token(t, auth.RoleReader)
	conn := b.dial(t, op.ID, token, -1)
	next(t, conn)
	ended := make(chan error)
	go func() { ended <- b.api.Shutdown(context.Background()) }()
	requireClosed(t, conn, websocket.StatusGoingAway, "shutting down")
	require.NoError(t, <-ended)
	_, resp, err := websocket.Dial(t.Context(), b.server.URL+"/v1/operations/"+op.ID+"/stream", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
}

func TestStreamCutsOffWhoSendsData(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	conn := b.dial(t, op.ID, b.token(t, auth.RoleReader), -1)
	next(t, conn)
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("hello")))
	requireClosed(t, conn, websocket.StatusPolicyViolation, "takes no messages")
}

func TestStreamPings(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Heartbeat = 10 * time.Millisecond })
	op := b.operation(t)
	pinged := make(chan struct{}, 100)
	conn, _, err := websocket.Dial(t.Context(), b.server.URL+"/v1/operations/"+op.ID+"/stream", &websocket.DialOptions{
		HTTPHeader:     http.Header{"Authorization": {"Bearer " + b.token(t, auth.RoleReader)}},
		OnPingReceived: func(context.Context, []byte) bool { pinged <- struct{}{}; return true },
	})
	require.NoError(t, err)
	defer conn.CloseNow() //nolint:errcheck // the test is over
	go func() {           // pings are answered while reading
		for err := error(nil); err == nil; {
			_, _, err = conn.Read(context.Background())
		}
	}()
	for range 3 {
		select {
		case <-pinged:
		case <-time.After(patience):
			require.Fail(t, "no ping came")
		}
	}
}

// A listener that answers no ping is dropped.
func TestStreamDropsTheDead(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Heartbeat, o.StreamWriteTimeout = 10*time.Millisecond, 50*time.Millisecond })
	op := b.operation(t)
	conn := b.dial(t, op.ID, b.token(t, auth.RoleReader), -1)
	next(t, conn) // and never reads again, so that no pong is sent
	require.Eventually(t, func() bool { return strings.Contains(b.log.String(), "listener is gone") }, patience, time.Millisecond)
}

func TestStreamRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	token := b.token(t, auth.RoleReader)
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	path := "/v1/operations/" + op.ID + "/stream"
	tests := []struct {
		name, path, token string
		header            []string
		status            int
		says              string
	}{
		{"no token", path, "", upgrade, 401, "needs a token"},
		{"token in the URL", path + "?access_token=" + token, "", upgrade, 401, "needs a token"},
		{"unknown operation", "/v1/operations/" + missingID + "/stream", token, upgrade, 404, "no such operation"},
		{"id is no UUID", "/v1/operations/7/stream", token, upgrade, 422, "path.id"},
		{"since is no number", path + "?since=yesterday", token, upgrade, 422, "query.since"},
		{"since below 0", path + "?since=-1", token, upgrade, 422, "query.since"},
		{"unknown parameter", path + "?from=1", token, upgrade, 422, "query.from"},
		{"no upgrade", path, token, nil, 426, "WebSocket"},
		{"another version", path, token, []string{upgrade[0], upgrade[1], "Sec-WebSocket-Version: 8", upgrade[3]}, 400, "version 13"},
		{"another origin", path, token, append(upgrade, "Origin: https://example.com"), 403, "another origin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, http.MethodGet, tt.path, tt.token, nil, tt.header...)
			require.Equal(t, tt.status, got.StatusCode, got.body)
			got.problem(t)
			require.Contains(t, got.body, tt.says)
		})
	}
}

func TestStreamWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	b.store.setErr(&operation.Error{Code: operation.CodeUnavailable, Message: "x", Err: errors.New("secret")})
	_, resp, err := websocket.Dial(t.Context(), b.server.URL+"/v1/operations/"+op.ID+"/stream", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + b.token(t, auth.RoleReader)}},
	})
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
}
