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
)

func TestTheSameRequestGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	send := func(path, body string, header ...string) answer {
		return b.do(t, http.MethodPost, path, token, strings.NewReader(body), header...)
	}
	const first = `{"name":"new","token":"ghp_x"}`
	made := send("/v1/connections", first, "Idempotency-Key: k")
	require.Equal(t, http.StatusCreated, made.StatusCode, made.body)
	again := send("/v1/connections", first, "Idempotency-Key: k")
	require.Equal(t, made.StatusCode, again.StatusCode)
	require.Equal(t, made.body, again.body)
	require.Equal(t, made.Header.Get("Location"), again.Header.Get("Location"))
	require.Equal(t, made.Header.Get("ETag"), again.Header.Get("ETag"))
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Empty(t, made.Header.Get("Idempotency-Replayed"))
	require.Equal(t, http.StatusConflict, send("/v1/connections", first).StatusCode, "without the key it is another request, and the name is taken")

	for name, got := range map[string]answer{
		"another body": send("/v1/connections", `{"name":"other","token":"ghp_x"}`, "Idempotency-Key: k"),
		"another path": send("/v1/connections/"+personalID+"/check", "", "Idempotency-Key: k"),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, name)
		require.Equal(t, "idempotency_mismatch", got.problem(t).Code, name)
	}
	for name, header := range map[string][]string{
		"empty": {"Idempotency-Key: "}, "two": {"Idempotency-Key: a", "Idempotency-Key: b"}, "a space": {"Idempotency-Key: a b"},
		"long": {"Idempotency-Key: " + strings.Repeat("a", 256)},
	} {
		got := send("/v1/connections", `{"name":"third","token":"ghp_x"}`, header...)
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, name)
		require.Equal(t, "header.Idempotency-Key", got.problem(t).Errors[0].Location, name)
	}
	large := send("/v1/connections", `{"name":"`+strings.Repeat("a", 65<<10)+`"}`, "Idempotency-Key: large")
	require.Equal(t, http.StatusRequestEntityTooLarge, large.StatusCode)
}

// A secret is shown once, and kept nowhere: not with an answer either.
func TestAnAnswerWithASecretIsNotKept(t *testing.T) {
	t.Parallel()
	answers := &answers{kept: map[string]*keptAnswer{}}
	b := setup(t, func(o *api.Options) { o.Answers = answers })
	send := func() answer {
		return b.do(t, http.MethodPost, "/v1/keys", b.token(t, auth.RoleAdmin), strings.NewReader(`{"name":"new","role":"reader"}`), "Idempotency-Key: k")
	}
	made := send()
	require.Equal(t, http.StatusCreated, made.StatusCode, made.body)
	secret := decode[api.CreatedKey](t, made).Secret
	require.NotEmpty(t, secret)
	again := send()
	require.Equal(t, http.StatusConflict, again.StatusCode)
	require.Contains(t, again.body, "secret_shown")
	require.Equal(t, made.Header.Get("Location"), again.Header.Get("Location"))
	for _, kept := range answers.kept {
		require.NotContains(t, string(kept.answer.Body), secret)
	}
}

// failingPauses are operations that cannot be paused the first time.
type failingPauses struct {
	api.OperationStore
	failure *error
}

func (f failingPauses) RequestPause(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
	if err := *f.failure; err != nil {
		*f.failure = nil
		return operation.Operation{}, err
	}
	return f.OperationStore.RequestPause(ctx, workspaceID, id)
}

// What went wrong for a while may go right the next time.
func TestAPassingFailureIsNotKept(t *testing.T) {
	t.Parallel()
	var failure error = &operation.Error{Code: operation.CodeUnavailable, Message: "x"}
	b := setup(t, func(o *api.Options) { o.Operations = failingPauses{o.Operations, &failure} })
	op := b.operation(t)
	send := func() answer {
		return b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/pause", b.token(t, auth.RoleOperator), nil, "Idempotency-Key: k")
	}
	require.Equal(t, http.StatusServiceUnavailable, send().StatusCode)
	require.Equal(t, http.StatusAccepted, send().StatusCode)
	require.Equal(t, "true", send().Header.Get("Idempotency-Replayed"))
}

// hungPauses are operations whose pauses take until they are let go.
type hungPauses struct {
	api.OperationStore
	asked chan struct{}
	let   chan struct{}
}

func (h hungPauses) RequestPause(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
	h.asked <- struct{}{}
	<-h.let
	return h.OperationStore.RequestPause(ctx, workspaceID, id)
}

func TestARequestIsCarriedOutOnceAtATime(t *testing.T) {
	t.Parallel()
	hung := hungPauses{asked: make(chan struct{}, 1), let: make(chan struct{})}
	b := setup(t, func(o *api.Options) { hung.OperationStore = o.Operations; o.Operations = hung })
	op := b.operation(t)
	token := b.token(t, auth.RoleOperator)
	send := func() answer {
		return b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/pause", token, nil, "Idempotency-Key: k")
	}
	first := make(chan answer)
	go func() { first <- send() }()
	<-hung.asked
	second := send()
	require.Equal(t, http.StatusConflict, second.StatusCode)
	require.Equal(t, "1", second.Header.Get("Retry-After"))
	close(hung.let)
	require.Equal(t, http.StatusAccepted, (<-first).StatusCode)
	require.Equal(t, "true", send().Header.Get("Idempotency-Replayed"))
}
