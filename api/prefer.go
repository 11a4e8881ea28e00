package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// longestWait bounds what a request may prefer to wait for: some seconds less than any
// request may take.
const longestWait = 25 * time.Second

// waitFor is how long a request prefers to wait for the end of what it starts; 0: not.
type waitFor time.Duration

// PreferHeader is the Prefer header of RFC 7240.
type PreferHeader struct {
	Prefer string `header:"Prefer" maxLength:"255" doc:"wait=N: answer when the operation has ended, or after N seconds (at most 25) with where it stands (RFC 7240). Preference-Applied of the answer says whether it was heeded. Other preferences are ignored." example:"wait=10"`

	wait waitFor
}

// Resolve reads the preference. What cannot be understood is ignored, as RFC 7240 section
// 2 wants it.
func (in *PreferHeader) Resolve(ctx huma.Context) []error {
	ctx.EachHeader(func(name, value string) {
		if http.CanonicalHeaderKey(name) != "Prefer" || in.wait > 0 {
			return
		}
		for preference := range strings.SplitSeq(value, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			token, seconds, _ := strings.Cut(preference, "=")
			if !strings.EqualFold(strings.TrimSpace(token), "wait") {
				continue
			}
			n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(seconds), `"`), 10, 16)
			if err == nil && in.wait == 0 { // the first counts
				in.wait = waitFor(min(time.Duration(n)*time.Second, longestWait))
			}
		}
	})
	return nil
}

var _ huma.Resolver = (*PreferHeader)(nil)

// settled answers with an operation, when it has ended or when whoever asks has waited
// long enough.
func (a *API) settled(ctx context.Context, op operation.Operation, wait waitFor) *accepted {
	out := accept(op)
	if wait == 0 {
		return out
	}
	if !op.State.Terminal() {
		var waited bool
		if op, waited = a.await(ctx, op, time.Duration(wait)); !waited {
			return out
		}
		out = accept(op)
	}
	out.PreferenceApplied = "wait=" + strconv.Itoa(int(time.Duration(wait).Seconds()))
	if op.State.Terminal() {
		out.Status = http.StatusOK
	}
	return out
}

// await follows an operation until it ends, the time is over or the server shuts down.
// waited is false where nobody can tell how it goes on.
func (a *API) await(ctx context.Context, op operation.Operation, most time.Duration) (now operation.Operation, waited bool) {
	waiting, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	defer context.AfterFunc(a.ending, cancel)()
	listener, err := a.opts.Streams.Subscribe(waiting, op.WorkspaceID, op.ID, -1)
	if err != nil {
		a.logger(ctx).InfoContext(ctx, "the operation cannot be waited for", "error", err)
		return op, false
	}
	defer listener.Close()
	seen, workspaceID := operation.Operation{}, op.WorkspaceID
	for {
		messages, err := listener.Next(waiting)
		for _, m := range messages {
			if m.Apply(&seen) != nil { // it does not follow: what was seen before is no less true
				continue
			}
			op = seen
			op.WorkspaceID = workspaceID
		}
		if err != nil || op.State.Terminal() {
			return op, true
		}
	}
}
