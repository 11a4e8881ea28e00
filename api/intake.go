package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// deliveriesAtOnce bounds the deliveries that are read at once. A delivery is
	// worked in milliseconds: a hundred a second need two places.
	deliveriesAtOnce = 64
	// smallDelivery is what each of them may take, in bytes; almost all payloads are smaller.
	smallDelivery = 256 << 10
	// largeAtOnce bounds those that are larger, up to delivery.MaxPayload each.
	largeAtOnce = 2
	// placePatience is how long a delivery waits for a place.
	placePatience = 3 * time.Second
)

// intake reads deliveries, which anybody may send, in bounded memory: nobody can be
// told from GitHub before the whole body was read.
type intake struct {
	small, large chan struct{}
	patience     time.Duration
}

func newIntake() *intake {
	return &intake{small: make(chan struct{}, deliveriesAtOnce), large: make(chan struct{}, largeAtOnce), patience: placePatience}
}

// read reads a delivery's body. Whoever has done with it calls leave, whatever came of it.
func (i *intake) read(ctx context.Context, w http.ResponseWriter, r *http.Request) (body []byte, leave func(), problem *Problem) {
	places := &places{patience: i.patience}
	if !delivery.Readable(r.Header.Get("Content-Type")) {
		return nil, places.leave, newProblem(ctx, http.StatusUnsupportedMediaType, "unsupported_media_type",
			"The Content-Type has to be application/json or application/x-www-form-urlencoded: choose one in the hook's settings.")
	}
	if r.ContentLength > delivery.MaxPayload {
		return nil, places.leave, tooLarge(ctx, delivery.MaxPayload)
	}
	if !places.take(ctx, i.small) {
		return nil, places.leave, busy(ctx)
	}
	if deadline, ok := ctx.Deadline(); ok {
		// Where the server knows no deadlines its own time-outs hold.
		if err := http.NewResponseController(w).SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return nil, places.leave, unreadDelivery(ctx, err)
		}
	}
	var buffer bytes.Buffer
	if _, err := io.CopyN(&buffer, r.Body, smallDelivery); errors.Is(err, io.EOF) {
		return buffer.Bytes(), places.leave, nil
	} else if err != nil {
		return nil, places.leave, unreadDelivery(ctx, err)
	}
	if !places.take(ctx, i.large) {
		return nil, places.leave, busy(ctx)
	}
	buffer.Grow(max(int(r.ContentLength), 2*smallDelivery) - buffer.Len())
	rest := http.MaxBytesReader(w, r.Body, delivery.MaxPayload-smallDelivery)
	if _, err := io.Copy(&buffer, rest); err != nil {
		return nil, places.leave, unreadDelivery(ctx, err)
	}
	return buffer.Bytes(), places.leave, nil
}

// places are what one delivery has taken.
type places struct {
	taken    []chan struct{}
	patience time.Duration
}

// take waits a moment for a place.
func (p *places) take(ctx context.Context, of chan struct{}) bool {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	select {
	case of <- struct{}{}:
		p.taken = append(p.taken, of)
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *places) leave() {
	for _, of := range p.taken {
		<-of
	}
	p.taken = nil
}

func busy(ctx context.Context) *Problem {
	return newProblem(ctx, http.StatusServiceUnavailable, string(operation.CodeUnavailable),
		"As many deliveries are being read as there is room for. Deliver it again in a moment.").with("Retry-After", "5")
}

// unreadDelivery says why a body could not be read.
func unreadDelivery(ctx context.Context, err error) *Problem {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(ctx, delivery.MaxPayload)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(ctx, http.StatusRequestTimeout, "timeout", "The body did not arrive in time.")
	default:
		return newProblem(ctx, http.StatusBadRequest, string(operation.CodeInvalid), "The body could not be read to its end.")
	}
}
