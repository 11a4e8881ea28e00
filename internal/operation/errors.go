package operation

import "errors"

// Code classifies an error for whoever has to decide on it. The API maps each
// code to one HTTP status, in one table.
type Code string

// The codes of errors that callers decide on.
const (
	CodeInvalid             Code = "invalid"              // the request cannot be understood
	CodeUnauthorized        Code = "unauthorized"         // nobody vouches for whoever asks
	CodeForbidden           Code = "forbidden"            // whoever asks may not
	CodeNotFound            Code = "not_found"            // no such thing in this workspace
	CodeGone                Code = "gone"                 // it was here, and is not kept any more
	CodeConflict            Code = "conflict"             // the thing's state does not allow it
	CodeChanged             Code = "changed"              // it is not any more what whoever asks has seen
	CodeIdempotencyMismatch Code = "idempotency_mismatch" // the key was used with another body
	CodeUnavailable         Code = "unavailable"          // a service behind is down; try again
	CodeInternal            Code = "internal"             // everything else
)

// Error is an error with a code to decide on and a sentence for people.
// Err, if any, goes to the log and never to a client.
type Error struct {
	Code    Code
	Message string
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// NotFound says that there is no such thing in the workspace.
func NotFound(message string) error { return &Error{Code: CodeNotFound, Message: message} }

// Gone says that it was here, and is not kept any more.
func Gone(message string) error { return &Error{Code: CodeGone, Message: message} }

// Conflict says that the thing's state does not allow what was asked.
func Conflict(message string) error { return &Error{Code: CodeConflict, Message: message} }

// Changed says that the thing is not any more what whoever asks has seen.
func Changed(message string) error { return &Error{Code: CodeChanged, Message: message} }

// KeyMismatch says that an idempotency key came with another request before.
func KeyMismatch() error {
	return &Error{
		Code:    CodeIdempotencyMismatch,
		Message: "This Idempotency-Key was used with another request. Use a new key for a new request.",
	}
}

// CodeOf is the code of err, CodeInternal when it carries none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
