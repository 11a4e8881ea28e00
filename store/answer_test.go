package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func TestAnswersAreKeptByTheirKeys(t *testing.T) {
	b := setup(t)
	ctx := t.Context()
	key := operation.AnswerKey{WorkspaceID: workspace, Subject: "ada", Key: "k", Hash: []byte{1}}
	begin := func(k operation.AnswerKey, leaseTime time.Duration) (*operation.Answer, string, error) {
		lease := uuid.NewString()
		kept, err := b.BeginAnswer(ctx, k, lease, leaseTime)
		return kept, lease, err
	}
	kept, lease, err := begin(key, time.Minute)
	require.NoError(t, err)
	require.Nil(t, kept)

	_, _, err = begin(key, time.Minute)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err), "it is being answered")
	other := key
	other.Hash = []byte{2}
	_, _, err = begin(other, time.Minute)
	require.Equal(t, operation.CodeIdempotencyMismatch, operation.CodeOf(err))
	other = key
	other.Subject = "ben"
	kept, _, err = begin(other, time.Minute)
	require.NoError(t, err, "another client's key is its own")
	require.Nil(t, kept)

	answer := operation.Answer{Status: 202, Header: map[string]string{"Location": "/v1/operations/1"}, Body: []byte(`{"a": 1}`)}
	require.NoError(t, b.KeepAnswer(ctx, key, lease, answer))
	kept, _, err = begin(key, time.Minute)
	require.NoError(t, err)
	require.Equal(t, &answer, kept)

	b.exec(`update idempotent_answers set created_at = now() - interval '25 hours'`)
	kept, lease, err = begin(key, time.Minute)
	require.NoError(t, err)
	require.Nil(t, kept, "after a day the key stands for nothing")
	require.NoError(t, b.DropAnswer(ctx, key, uuid.NewString()), "somebody else's lease")
	_, _, err = begin(key, time.Minute)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	require.NoError(t, b.DropAnswer(ctx, key, lease))
	_, _, err = begin(key, -time.Second)
	require.NoError(t, err)
	kept, second, err := begin(key, time.Minute)
	require.NoError(t, err, "whoever answered has died")
	require.Nil(t, kept)
	require.NoError(t, b.KeepAnswer(ctx, key, lease, operation.Answer{Status: 500}), "too late")
	_, _, err = begin(key, time.Minute)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	require.NoError(t, b.KeepAnswer(ctx, key, second, operation.Answer{Status: 204}))
	kept, _, err = begin(key, time.Minute)
	require.NoError(t, err)
	require.Equal(t, &operation.Answer{Status: 204, Body: []byte{}}, kept)
	var n int
	require.NoError(t, b.pool.QueryRow(ctx, `select count(*) from idempotent_answers`).Scan(&n))
	require.Equal(t, 1, n, "the other client's old one is gone")
}
