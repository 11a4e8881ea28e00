package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// answerLease is for how long a request may be carried out before the same one may be
	// carried out again: longer than any request lasts.
	answerLease = 2 * time.Minute
	// keepTime bounds what is written about an answer after it is known.
	keepTime = 5 * time.Second
	// longestAnswer bounds the answers that are kept.
	longestAnswer = 1 << 20

	idempotencyKey = "Idempotency-Key"
)

// KeyHeader is the Idempotency-Key of a request that makes an operation, whose row keeps
// the key.
type KeyHeader struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"printable ASCII without spaces" doc:"Makes the request safe to repeat for a day: the same key with the same body answers with the same operation, with another body it is refused. Use a UUID."`
}

// Resolve refuses what huma takes for something that was left out: an empty key, and all
// but the first of several. The request would be less safe to repeat than its sender thinks.
func (in *KeyHeader) Resolve(ctx huma.Context) []error {
	var keys []string
	ctx.EachHeader(func(name, value string) {
		if http.CanonicalHeaderKey(name) == idempotencyKey {
			keys = append(keys, value)
		}
	})
	if err := oneKey(keys); err != nil {
		return []error{&huma.ErrorDetail{Location: "header.Idempotency-Key", Message: err.Error()}}
	}
	return nil
}

var _ huma.Resolver = (*KeyHeader)(nil)

// oneKey fails when a request has another number of keys than one, or an empty one.
func oneKey(keys []string) error {
	switch {
	case len(keys) > 1:
		return fmt.Errorf("is sent %d times, and may be once", len(keys))
	case len(keys) == 1 && keys[0] == "":
		return errors.New("is empty: send a key, or leave the header out")
	}
	return nil
}

// keys are the idempotency keys that are taken.
var keys = regexp.MustCompile(`^[!-~]{1,255}$`)

// keepsAnswers tells whether the answers to POST requests of a route are kept by their
// keys: not where an operation's row keeps the key, not of what changes nothing, and not of
// secrets that are good once.
func keepsAnswers(path string, input reflect.Type) bool {
	_, own := input.FieldByName("IdempotencyKey")
	return !own && !strings.HasPrefix(path, "/v1/codec/") && !strings.HasPrefix(path, "/v1/token") && !strings.HasPrefix(path, "/v1/stream/")
}

// keyParam describes the Idempotency-Key of requests whose answers are kept.
func keyParam() *huma.Param {
	shortest, longest := 1, 255
	return &huma.Param{
		Name: idempotencyKey, In: "header",
		Description: "Makes the request safe to repeat for a day: the same key with the same body gets the same answer, with another body it is refused. Use a UUID.",
		Schema:      &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Pattern: "^[!-~]+$"},
	}
}

// idempotent keeps the answers to requests with an Idempotency-Key, and gives them to
// whoever asks the same again. What was refused for a passing reason is not kept.
func (a *API) idempotent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Values(idempotencyKey)
		if r.Method != http.MethodPost || len(sent) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		ctx := r.Context()
		key, problem := answerKey(r, sent)
		if problem != nil {
			problem.write(w)
			return
		}
		lease := a.opts.NewID()
		kept, err := a.opts.Answers.BeginAnswer(ctx, key, lease, answerLease)
		if err != nil {
			problem := a.fail(ctx, err)
			if operation.CodeOf(err) == operation.CodeConflict {
				problem = problem.with("Retry-After", "1")
			}
			problem.write(w)
			return
		}
		if kept != nil {
			replay(w, kept)
			return
		}
		answer := &answering{ResponseWriter: w}
		done := false
		defer func() { a.endAnswer(ctx, key, lease, answer, done) }()
		next.ServeHTTP(answer, r)
		done = true
	})
}

// answerKey reads what the answer to a request is kept under. The body can be read again.
func answerKey(r *http.Request, sent []string) (key operation.AnswerKey, problem *Problem) {
	ctx := r.Context()
	err := oneKey(sent)
	if err == nil && !keys.MatchString(sent[0]) {
		err = errors.New("must have 1 to 255 characters: printable ASCII without spaces")
	}
	if err != nil {
		return key, invalid(ctx, Field{Location: "header.Idempotency-Key", Message: err.Error()})
	}
	// What is too long is refused by whoever reads it next.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return key, newProblem(ctx, http.StatusRequestTimeout, "timeout", "The body did not arrive in time, or not all of it.")
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), r.Header.Get("If-Match"))
	hash.Write(body)
	return operation.AnswerKey{WorkspaceID: workspaceOf(ctx), Subject: subjectOf(ctx), Key: sent[0], Hash: hash.Sum(nil)}, nil
}

// replay answers with what was answered before.
func replay(w http.ResponseWriter, kept *operation.Answer) {
	for name, value := range kept.Header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(kept.Status)
	_, _ = w.Write(kept.Body) //nolint:gosec // our own answer, never HTML; whoever asks is gone where this fails
}

// endAnswer keeps an answer, or frees its key where the same request may go otherwise the
// next time.
func (a *API) endAnswer(ctx context.Context, key operation.AnswerKey, lease string, answer *answering, done bool) {
	info := requestOf(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	var err error
	if passing := answer.status >= http.StatusInternalServerError || answer.status == http.StatusTooManyRequests || answer.status == http.StatusRequestTimeout; !done || passing || answer.long {
		err = a.opts.Answers.DropAnswer(ctx, key, lease)
	} else {
		err = a.opts.Answers.KeepAnswer(ctx, key, lease, answer.kept(ctx, info != nil && info.secret))
	}
	if err != nil {
		a.logger(ctx).WarnContext(ctx, "the answer to a request with an idempotency key was not kept", "error", err)
	}
}

// answering notes an answer while it is given.
type answering struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	long   bool // more than is kept
}

// WriteHeader notes the status.
func (a *answering) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answering) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.body.Len()+len(p) > longestAnswer {
		a.long = true
	} else {
		a.body.Write(p)
	}
	return a.ResponseWriter.Write(p) //nolint:wrapcheck // as its writer says
}

// Unwrap is for http.ResponseController.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// kept is the answer as it is kept. Of one that shows a secret only that it was given.
func (a *answering) kept(ctx context.Context, secret bool) operation.Answer {
	out := operation.Answer{Status: a.status, Header: map[string]string{}, Body: a.body.Bytes()}
	for _, name := range []string{"Content-Type", "Location", "ETag"} {
		if value := a.Header().Get(name); value != "" {
			out.Header[name] = value
		}
	}
	if !secret || a.status >= http.StatusMultipleChoices {
		return out
	}
	problem := newProblem(ctx, http.StatusConflict, "secret_shown",
		"This request was carried out before, and its answer showed a secret, which is kept nowhere. Location names what was made: where the secret did not arrive, remove it and make another with a new key.")
	body, err := json.Marshal(problem)
	if err != nil { // it holds strings and numbers
		body = []byte("{}")
	}
	out.Status, out.Body, out.Header["Content-Type"] = problem.Status, body, problemType
	return out
}

// showsSecret notes that the answer holds what must be kept nowhere.
func showsSecret(ctx context.Context) {
	if r := requestOf(ctx); r != nil {
		r.secret = true
	}
}
