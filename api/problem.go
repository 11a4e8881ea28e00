package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// Problem is what every refusal looks like: an RFC 9457 problem document.
type Problem struct {
	Type      string  `json:"type" format:"uri-reference" doc:"Which kind of problem it is: /problems/ and its code, where it is explained. Relative to this server." example:"/problems/not_found"`
	Title     string  `json:"title" doc:"The status in words." example:"Not Found"`
	Status    int     `json:"status" doc:"The HTTP status." example:"404"`
	Detail    string  `json:"detail" doc:"What is wrong, in a sentence for people." example:"There is no such operation."`
	Instance  string  `json:"instance,omitempty" format:"uri-reference" doc:"The path that was asked for."`
	Code      string  `json:"code,omitempty" doc:"What is wrong, for programs." example:"not_found"`
	RequestID string  `json:"request_id,omitempty" doc:"Names this request in the server's log."`
	Errors    []Field `json:"errors,omitempty" doc:"What is wrong where, if it is one or more parts of the request."`

	header http.Header // what belongs to the status: WWW-Authenticate, Allow, Retry-After
}

// Field is what is wrong at one place of a request.
type Field struct {
	Location string `json:"location" doc:"Where." example:"body.repository"`
	Message  string `json:"message" doc:"What is wrong there."`
}

// problemType is RFC 9457's media type.
const problemType = "application/problem+json"

// statuses is the one table from an error's code to a status.
var statuses = map[operation.Code]int{
	operation.CodeInvalid:             http.StatusUnprocessableEntity,
	operation.CodeUnauthorized:        http.StatusUnauthorized,
	operation.CodeForbidden:           http.StatusForbidden,
	operation.CodeNotFound:            http.StatusNotFound,
	operation.CodeGone:                http.StatusGone,
	operation.CodeConflict:            http.StatusConflict,
	operation.CodeChanged:             http.StatusPreconditionFailed,
	operation.CodeIdempotencyMismatch: http.StatusUnprocessableEntity,
	operation.CodeUnavailable:         http.StatusServiceUnavailable,
	operation.CodeInternal:            http.StatusInternalServerError,
}

// What is said instead of an internal error's own words.
const (
	internalDetail    = "Something went wrong on our side. It has been logged under this request's id."
	unavailableDetail = "A service behind the API cannot be reached right now. Try again in a moment."
)

// Error is the detail; it makes a Problem an error that a handler can return.
func (p *Problem) Error() string { return p.Detail }

// GetStatus tells huma the status to answer with.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells huma the headers to answer with.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType tells huma the media type to answer with.
func (p *Problem) ContentType(string) string { return problemType }

// with adds a header to the answer.
func (p *Problem) with(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// newProblem is a refusal of the request that ctx belongs to.
func newProblem(ctx context.Context, status int, code, detail string, fields ...Field) *Problem {
	p := &Problem{
		Type: typeOf(code), Title: http.StatusText(status), Status: status,
		Detail: detail, Code: code, Errors: few(fields),
	}
	if r := requestOf(ctx); r != nil {
		p.RequestID, p.Instance = r.id, r.path
	}
	return p
}

// What a refusal says of a request is bounded, however much is wrong with it.
const (
	maxFields = 20
	maxWords  = 300 // bytes of a location or a message: names come from the request
)

// few is the first of the fields, with the last of them counting the others.
func few(fields []Field) []Field {
	out := slices.Clone(fields[:min(len(fields), maxFields)])
	for i, f := range out {
		out[i] = Field{Location: short(f.Location), Message: short(f.Message)}
	}
	if more := len(fields) - len(out); more > 0 {
		out[len(out)-1] = Field{Location: "request", Message: fmt.Sprintf("%d more places are wrong", more+1)}
	}
	return out
}

// short is text, cut off where it is too long to be one of ours.
func short(text string) string {
	if len(text) <= maxWords {
		return text
	}
	return strings.ToValidUTF8(text[:maxWords], "") + "…"
}

// invalid is a refusal of a request whose parts are wrong.
func invalid(ctx context.Context, fields ...Field) *Problem {
	return newProblem(ctx, http.StatusUnprocessableEntity, string(operation.CodeInvalid), "The request is not valid.", fields...)
}

// fail turns what an interface failed with into a problem. The cause goes to the
// log, and never to the client.
func (a *API) fail(ctx context.Context, err error) *Problem {
	code := operation.CodeOf(err)
	if errors.Is(err, context.DeadlineExceeded) {
		code = operation.CodeUnavailable
	}
	status, known := statuses[code]
	if !known {
		code, status = operation.CodeInternal, http.StatusInternalServerError
	}
	var detail string
	var domain *operation.Error
	switch {
	case code == operation.CodeInternal:
		detail = internalDetail
	case code == operation.CodeUnavailable:
		detail = unavailableDetail
	case errors.As(err, &domain):
		detail = domain.Message
	}
	p := newProblem(ctx, status, string(code), detail)
	if status == http.StatusServiceUnavailable {
		p = p.with("Retry-After", "5")
	}
	if status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		a.logger(ctx).ErrorContext(ctx, "request failed", "code", code, "error", err)
	}
	return p
}

// write answers with p where no huma operation does it.
func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	body, err := json.Marshal(p)
	if err != nil { // strings and numbers only: cannot happen
		body = []byte(`{"status":500}`)
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n')) //nolint:errcheck // the client is gone; there is nobody to tell
}

// installProblems makes huma's own refusals problems of ours, and has it know names as
// the document writes them only. Huma offers package variables for it, which are set
// once, before the first API is made.
var installProblems = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(context.Background(), status, message, errs)
	}
	huma.NewErrorWithContext = func(hctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return humaProblem(hctx.Context(), status, message, errs)
	}
})

// unreadBody is what huma says, with a 500, when the client broke its request off or
// sent chunks that are none: nothing of ours is at fault.
const unreadBody = "cannot read request body"

// humaProblem words a refusal that huma decided on: of a body or a parameter that
// it could not read or that does not match its schema.
func humaProblem(ctx context.Context, status int, message string, errs []error) *Problem {
	var fields []Field
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			fields = append(fields, Field{Location: d.Location, Message: publicMessage(d.Message)})
		}
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return strings.Compare(a.Location, b.Location) })
	switch status {
	case http.StatusBadRequest:
		if len(fields) == 0 {
			return newProblem(ctx, status, "invalid", "The request needs a JSON body.")
		}
		return newProblem(ctx, status, "invalid", "The body is not valid JSON.", fields[0])
	case http.StatusUnprocessableEntity:
		return invalid(ctx, fields...)
	case http.StatusRequestEntityTooLarge:
		var most int64
		if _, err := fmt.Sscanf(message, "request body is too large limit=%d bytes", &most); err != nil {
			return newProblem(ctx, status, "body_too_large", "The body is larger than is accepted here.")
		}
		return tooLarge(ctx, most)
	case http.StatusRequestTimeout:
		return newProblem(ctx, status, "timeout", "The body did not arrive in time.")
	}
	if message == unreadBody {
		return newProblem(ctx, http.StatusBadRequest, "invalid", "The body could not be read to its end: it was broken off, or its chunks are not well formed.")
	}
	if status >= http.StatusInternalServerError {
		logOf(ctx).ErrorContext(ctx, "request failed", "error", errors.Join(errs...), "reason", message)
		return newProblem(ctx, status, string(operation.CodeInternal), internalDetail)
	}
	return newProblem(ctx, status, "invalid", http.StatusText(status)+".", fields...)
}

// publicMessage keeps what encoding/json says of our own types to ourselves.
func publicMessage(message string) string {
	if strings.HasPrefix(message, "json: ") {
		return "does not have the expected shape"
	}
	return message
}
