package api

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// The sizes of a stream's buffers, in bytes. Of those that the server has for requests, 4 KiB
// each, thousands of listeners would hold tens of megabytes: what they send is small, and what
// is longer than the buffer is written as it is.
const (
	streamReadBuffer  = 256
	streamWriteBuffer = 512
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

// Hijack hands over the connection with buffers that fit a stream.
func (u *refusedUpgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take the connection over: %w", err)
	}
	read, err := buffered.Reader.Peek(buffered.Reader.Buffered())
	if err != nil {
		return nil, nil, fmt.Errorf("take over what was read: %w", err)
	}
	// The library asks the reader for what it has buffered, and reads on from the connection.
	reader := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(read)), conn), max(streamReadBuffer, len(read)))
	if _, err := reader.Peek(len(read)); err != nil {
		return nil, nil, fmt.Errorf("take over what was read: %w", err)
	}
	return conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(conn, streamWriteBuffer)), nil
}

// Unwrap lets others find what is below.
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
