package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// BeginAnswer begins to answer a request, under a lease that ends by itself. When the
// same request was answered within a day before, kept is that answer and nothing has
// begun. CodeIdempotencyMismatch: the key came with another request; CodeConflict: the
// same request is being answered.
func (s *Store) BeginAnswer(ctx context.Context, k operation.AnswerKey, lease string, leaseTime time.Duration) (kept *operation.Answer, err error) {
	const what = "begin to answer a request"
	db := s.in(k.WorkspaceID)
	rows, err := s.q.BeginAnswer(ctx, db, dbsqlc.BeginAnswerParams{
		WorkspaceID: k.WorkspaceID, Subject: k.Subject, Key: k.Key, RequestHash: k.Hash, Lease: lease, LeaseTime: leaseTime, Kept: keyKept,
	})
	if err != nil {
		return nil, translate(what, err)
	}
	if len(rows) > 0 {
		err := s.q.DropOldAnswers(ctx, db, dbsqlc.DropOldAnswersParams{WorkspaceID: k.WorkspaceID, Kept: keyKept})
		return nil, translate("drop old answers", err)
	}
	row, err := s.q.GetAnswer(ctx, db, dbsqlc.GetAnswerParams{WorkspaceID: k.WorkspaceID, Subject: k.Subject, Key: k.Key})
	switch {
	case errors.Is(err, pgx.ErrNoRows): // it was dropped just now: whoever asks may ask again
		return nil, beingAnswered()
	case err != nil:
		return nil, translate(what, err)
	case !bytes.Equal(row.RequestHash, k.Hash):
		return nil, operation.KeyMismatch()
	case row.Status == nil:
		return nil, beingAnswered()
	}
	kept = &operation.Answer{Status: int(*row.Status), Body: row.Body}
	if err := json.Unmarshal(row.Header, &kept.Header); err != nil {
		return nil, fmt.Errorf("read a kept answer's header: %w", err)
	}
	return kept, nil
}

func beingAnswered() error {
	return operation.Conflict("A request with this Idempotency-Key is being carried out. Ask again in a moment.")
}

// KeepAnswer keeps the answer for a day, unless somebody else has taken the lease.
func (s *Store) KeepAnswer(ctx context.Context, k operation.AnswerKey, lease string, a operation.Answer) error {
	header, err := json.Marshal(a.Header)
	if err != nil {
		return fmt.Errorf("write an answer's header: %w", err)
	}
	err = s.q.KeepAnswer(ctx, s.in(k.WorkspaceID), dbsqlc.KeepAnswerParams{
		WorkspaceID: k.WorkspaceID, Subject: k.Subject, Key: k.Key, Lease: lease,
		Status: int32(a.Status), Header: header, Body: append([]byte{}, a.Body...), //nolint:gosec // an HTTP status
	})
	return translate("keep an answer", err)
}

// DropAnswer frees the key: the request was not carried out.
func (s *Store) DropAnswer(ctx context.Context, k operation.AnswerKey, lease string) error {
	err := s.q.DropAnswer(ctx, s.in(k.WorkspaceID), dbsqlc.DropAnswerParams{WorkspaceID: k.WorkspaceID, Subject: k.Subject, Key: k.Key, Lease: lease})
	return translate("free an idempotency key", err)
}
