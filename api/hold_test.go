package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

func TestOperationsAreSteered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		request  string
		state    operation.State // before
		want     operation.State // after; empty: it is refused
		told     bool
		restarts bool
	}{
		{"pause", operation.StatePending, operation.StatePaused, true, false},
		{"pause", operation.StateRunning, operation.StatePaused, true, false},
		{"pause", operation.StatePaused, operation.StatePaused, true, false},
		{"pause", operation.StateSucceeded, "", false, false},
		{"resume", operation.StatePaused, operation.StatePending, true, true},
		{"resume", operation.StateFailed, "", false, false},
		{"approve", operation.StateAwaitingApproval, operation.StateRunning, true, false},
		{"approve", operation.StateRejected, "", false, false},
		{"reject", operation.StateAwaitingApproval, operation.StateRejected, true, false},
		{"reject", operation.StateRunning, "", false, false},
		{"cancel", operation.StatePaused, operation.StateCancelling, false, false},
		{"cancel", operation.StateAwaitingApproval, operation.StateCancelling, false, false},
	} {
		t.Run(tt.request+" "+string(tt.state), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			op := b.operation(t)
			if tt.state != operation.StatePending {
				b.store.state(op.ID, tt.state)
			}
			got := b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/"+tt.request, b.token(t, auth.RoleOperator), nil)
			if tt.want == "" {
				require.Equal(t, http.StatusConflict, got.StatusCode, got.body)
				require.NotEmpty(t, got.problem(t).Detail)
				return
			}
			require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
			require.Equal(t, tt.want, decode[progress.Operation](t, got).State)
			require.Equal(t, "/v1/operations/"+op.ID, got.Header.Get("Location"))
			require.Equal(t, tt.told, len(b.starter.told) == 1)
			require.Equal(t, tt.restarts, len(b.starter.started) == 1, "it may have been paused before it had a workflow")
			require.Equal(t, tt.request == "cancel", len(b.starter.cancelled) == 1)
		})
	}
}

func TestARejectionHasItsReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for body, want := range map[string]string{
		`{"reason":"Not during the release."}`: "Not during the release.", `{}`: "It was rejected; no reason was given.", "": "It was rejected; no reason was given.",
	} {
		op := b.operation(t)
		b.store.state(op.ID, operation.StateAwaitingApproval)
		var got answer
		if body == "" {
			got = b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/reject", b.token(t, auth.RoleOperator), nil)
		} else {
			got = b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/reject", b.token(t, auth.RoleOperator), strings.NewReader(body))
		}
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
		require.Equal(t, want, decode[progress.Operation](t, got).Failure.Message)
	}
}

// The row is what counts: that Temporal is away keeps nobody from pausing.
func TestSteeringWhileTemporalIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	b.starter.err = &operation.Error{Code: operation.CodeUnavailable, Message: "x"}
	for _, request := range []string{"pause", "resume", "pause", "cancel"} {
		got := b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/"+request, b.token(t, auth.RoleOperator), nil)
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
	}
}

func TestAnOperationIsRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	op := b.operation(t)
	again := func(id string, header ...string) answer {
		return b.do(t, http.MethodPost, "/v1/operations/"+id+"/retry", token, nil, header...)
	}
	got := again(op.ID)
	require.Equal(t, http.StatusConflict, got.StatusCode)
	require.Equal(t, "The operation has not begun; only what failed, was cancelled or was rejected can be repeated.", got.problem(t).Detail)

	b.store.state(op.ID, operation.StateFailed)
	first := again(op.ID, "Idempotency-Key: k")
	require.Equal(t, http.StatusAccepted, first.StatusCode, first.body)
	made := decode[progress.Operation](t, first)
	require.NotEqual(t, op.ID, made.ID)
	require.Equal(t, op.ID, made.RetryOf)
	require.Equal(t, op.Kind, made.Kind)
	require.Equal(t, op.Subject, made.Subject)
	require.JSONEq(t, string(op.Input), string(made.Input))
	require.Equal(t, []string{made.ID}, b.starter.started)
	require.Equal(t, made.ID, decode[progress.Operation](t, again(op.ID, "Idempotency-Key: k")).ID)
	require.NotEqual(t, made.ID, decode[progress.Operation](t, again(op.ID)).ID)
}

// noticedStreams tell of each that is asked for.
type noticedStreams struct {
	api.Streams
	asked chan<- struct{}
}

func (n noticedStreams) Subscribe(ctx context.Context, workspaceID, id string, since int64) (*progress.Listener, error) {
	l, err := n.Streams.Subscribe(ctx, workspaceID, id, since)
	n.asked <- struct{}{}
	return l, err
}

func TestAnAnswerWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	b := setup(t, func(o *api.Options) { o.Streams = noticedStreams{o.Streams, asked} })
	token := b.token(t, auth.RoleOperator)
	ask := func(prefer string) answer {
		return b.do(t, http.MethodPost, "/v1/syncs", token, strings.NewReader(`{"repository":"octo/mirror"}`), "Prefer: "+prefer, "Idempotency-Key: k")
	}
	id := decode[progress.Operation](t, ask("respond-async")).ID
	for _, unheeded := range []string{"respond-async", "wait=soon", "wait=-1", "wait=0"} {
		got := ask(unheeded)
		require.Equal(t, http.StatusAccepted, got.StatusCode, unheeded)
		require.Empty(t, got.Header.Get("Preference-Applied"), unheeded)
	}
	over := ask("wait=1")
	require.Equal(t, http.StatusAccepted, over.StatusCode)
	require.Equal(t, "wait=1", over.Header.Get("Preference-Applied"))

	<-asked
	answered := make(chan answer)
	go func() { answered <- ask("handling=lenient, wait=20; x=y") }()
	<-asked
	b.publish(b.store.state(id, operation.StateRunning), b.store.items(id, "issues", 100), b.store.state(id, operation.StateFailed))
	got := <-answered
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	require.Equal(t, "wait=20", got.Header.Get("Preference-Applied"))
	ended := decode[progress.Operation](t, got)
	require.Equal(t, operation.StateFailed, ended.State)
	require.Len(t, ended.Collections, 1, "all of it, not what the last message told")
	require.Equal(t, http.StatusOK, ask("wait=500").StatusCode, "it has ended")
	require.Equal(t, "wait=25", ask("wait=500").Header.Get("Preference-Applied"))
}

func TestAnAnswerDoesNotWaitForAServerThatEnds(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	b := setup(t, func(o *api.Options) { o.Streams = noticedStreams{o.Streams, asked} })
	token := b.token(t, auth.RoleOperator)
	ask := func() answer {
		return b.do(t, http.MethodPost, "/v1/syncs", token, strings.NewReader(`{"repository":"octo/mirror"}`), "Prefer: wait=25")
	}
	answered := make(chan answer)
	go func() { answered <- ask() }()
	<-asked
	require.NoError(t, b.api.Shutdown(t.Context()))
	require.Equal(t, http.StatusAccepted, (<-answered).StatusCode)
}

// Where nobody can tell how an operation goes on it is answered at once, and says so.
func TestAnAnswerDoesNotWaitWithoutStreams(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Streams = crowdedStreams{} })
	got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(`{"repository":"octo/mirror"}`), "Prefer: wait=25")
	require.Equal(t, http.StatusAccepted, got.StatusCode)
	require.Empty(t, got.Header.Get("Preference-Applied"))
}
