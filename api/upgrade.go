package api

import (
	"context"
	"fmt"
	"net/http"
)

// refusedUpgrade keeps the WebSocket library from writing its refusals as plain
// text: they are written as problems afterwards.
type refusedUpgrade struct {
	http.ResponseWriter
	status int
}

func (u *refusedUpgrade) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		u.status = status
		return
	}
	u.ResponseWriter.WriteHeader(status)
}

func (u *refusedUpgrade) Write(p []byte) (int, error) {
	if u.status != 0 {
		return len(p), nil
	}
	n, err := u.ResponseWriter.Write(p)
	if err != nil {
		return n, fmt.Errorf("write the answer: %w", err)
	}
	return n, nil
}

// Unwrap lets the library find the connection to take over.
func (u *refusedUpgrade) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// problem is the refusal in the form of all others.
func (u *refusedUpgrade) problem(ctx context.Context, err error) *Problem {
	switch {
	case u.status == http.StatusForbidden:
		return newProblem(ctx, u.status, "forbidden_origin", "A page of another origin may not open this stream.")
	case u.status >= http.StatusBadRequest && u.status < http.StatusInternalServerError:
		return newProblem(ctx, u.status, "upgrade_refused", "The WebSocket handshake is not acceptable; RFC 6455 version 13 is spoken here.")
	default:
		logOf(ctx).ErrorContext(ctx, "request failed", "error", err)
		return newProblem(ctx, http.StatusInternalServerError, "internal", internalDetail)
	}
}
