package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

func TestStartSync(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator),
		strings.NewReader(`{"repository":"octo/mirror","collections":["pulls","issues","pulls"]}`))
	require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
	op := decode[progress.Operation](t, got)
	require.Equal(t, "/v1/operations/"+op.ID, got.Header.Get("Location"))
	require.Equal(t, uuid.Version(7), uuid.MustParse(op.ID).Version())
	require.Equal(t, operation.StatePending, op.State)
	require.Equal(t, operation.KindSyncRepository, op.Kind)
	require.Equal(t, "octo/mirror", op.Subject)
	require.JSONEq(t, `{"repository":"octo/mirror","collections":["issues","pulls"]}`, string(op.Input), "in the plan's order, each once")
	require.Equal(t, []string{op.ID}, b.starter.started)
	require.Equal(t, workspace, b.store.ops[0].WorkspaceID)
	require.Contains(t, b.log.String(), `"operation_id":"`+op.ID+`"`)
}

func TestStartSyncOfAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(body string) answer {
		return b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(body), "Idempotency-Key: k")
	}
	got := send(`{"organization":"Octo-Corp","include":["service-*","[a-c]?"],"exclude":["*-old"],"archived":true,"collections":["pulls","teams","core"]}`)
	require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
	op := decode[progress.Operation](t, got)
	require.Equal(t, operation.KindSyncOrganization, op.Kind)
	require.Equal(t, operation.SourceSync, b.store.ops[0].Source)
	require.Equal(t, "Octo-Corp", op.Subject)
	require.JSONEq(t, `{"organization":"Octo-Corp","include":["service-*","[a-c]?"],"exclude":["*-old"],"archived":true,"collections":["core","teams","pulls"]}`, string(op.Input))
	require.Equal(t, []string{op.ID}, b.starter.started)

	again := send(`{"organization":"octo-corp","include":["service-*","[a-c]?"],"exclude":["*-old"],"archived":true,"collections":["core","teams","pulls"]}`)
	require.Equal(t, op.ID, decode[progress.Operation](t, again).ID, "the same in another spelling")
	for _, other := range []string{
		`{"repository":"octo-corp/a"}`, `{"organization":"octo-corp"}`,
		`{"organization":"octo-corp","include":["service-*","[a-c]?"],"exclude":["*-old"],"archived":true,"forks":true,"collections":["core","teams","pulls"]}`,
	} {
		require.Equal(t, "idempotency_mismatch", send(other).problem(t).Code, other)
	}
}

func TestStartSyncOfAllThereIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(body string) answer {
		return b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(body), "Idempotency-Key: k")
	}
	got := send(`{"repository":"octo/mirror","full":true}`)
	require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
	require.Equal(t, operation.KindReconcileRepository, b.store.ops[0].Kind)
	require.Equal(t, operation.SourceSweep, b.store.keys[workspace+"/k"].Source)
	require.JSONEq(t, `{"repository":"octo/mirror","full":true}`, string(b.store.ops[0].Input))
	require.Equal(t, "idempotency_mismatch", send(`{"repository":"octo/mirror"}`).problem(t).Code)
	refused := send(`{"organization":"octo","full":true}`)
	require.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode)
	require.Contains(t, refused.body, "body.full")
}

func TestStartSyncInALane(t *testing.T) {
	t.Parallel()
	for body, input := range map[string]string{
		`{"repository":"octo/mirror","lane":"interactive"}`:          `{"repository":"octo/mirror","lane":"interactive"}`,
		`{"organization":"octo","lane":"incremental"}`:               `{"organization":"octo","lane":"incremental"}`,
		`{"repository":"octo/mirror","lane":"backfill"}`:             `{"repository":"octo/mirror"}`,
		`{"repository":"octo/mirror","lane":"backfill","full":true}`: `{"repository":"octo/mirror","lane":"backfill","full":true}`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(body))
			require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
			require.JSONEq(t, input, string(b.store.ops[0].Input), "it is written where it is not the one without asking")
		})
	}
}

func TestStartSyncInNoLane(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, lane := range []string{"repair", "sweep", "Interactive", ""} {
		got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(`{"repository":"octo/mirror","lane":"`+lane+`"}`))
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, lane)
		require.Contains(t, got.body, "body.lane")
	}
}

func TestStartSyncIsIdempotent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	send := func(key, body string) answer {
		return b.do(t, http.MethodPost, "/v1/syncs", token, strings.NewReader(body), "Idempotency-Key: "+key)
	}
	first := send("k-1", `{"repository":"octo/mirror"}`)
	require.Equal(t, http.StatusAccepted, first.StatusCode, first.body)
	id := decode[progress.Operation](t, first).ID
	for _, body := range []string{`{"repository":"octo/mirror"}`, `{ "repository" : "Octo/Mirror" }`} {
		again := send("k-1", body)
		require.Equal(t, http.StatusAccepted, again.StatusCode, again.body)
		require.Equal(t, id, decode[progress.Operation](t, again).ID)
		require.Equal(t, first.Header.Get("Location"), again.Header.Get("Location"))
	}
	other := send("k-1", `{"repository":"octo/other"}`)
	require.Equal(t, http.StatusUnprocessableEntity, other.StatusCode)
	require.Equal(t, "idempotency_mismatch", other.problem(t).Code)
	require.NotEqual(t, id, decode[progress.Operation](t, send("k-2", `{"repository":"octo/mirror"}`)).ID)
	require.Len(t, b.store.ops, 2)

	// A repeated request starts what is still pending, and leaves alone what has begun.
	started := len(b.starter.started)
	b.store.state(id, operation.StateRunning)
	require.Equal(t, operation.StateRunning, decode[progress.Operation](t, send("k-1", `{"repository":"octo/mirror"}`)).State)
	require.Len(t, b.starter.started, started)
}

func TestStartSyncWhileTemporalIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.starter.err = &operation.Error{Code: operation.CodeUnavailable, Message: "Temporal cannot be reached", Err: errors.New("dial tcp 10.0.0.9:7233")}
	got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(`{"repository":"octo/mirror"}`))
	require.Equal(t, http.StatusAccepted, got.StatusCode, "the row is there, and a sweeper starts it")
	require.Equal(t, operation.StatePending, decode[progress.Operation](t, got).State)
	require.Contains(t, b.log.String(), "operation will be started later")

	b.starter.err = errors.New("secret cause")
	got = b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(`{"repository":"octo/mirror"}`))
	require.Equal(t, http.StatusInternalServerError, got.StatusCode)
	require.Equal(t, "internal", got.problem(t).Code)
	require.NotContains(t, got.body, "secret cause")
}

// manyNames is so many members of an object.
func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"a%d":1,`, i)
	}
	return b.String()
}

func TestStartSyncRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	tests := []struct {
		name   string
		body   string
		header []string
		status int
		place  string // of the first error
		says   string // somewhere in the document
	}{
		{"no body", ``, nil, 400, "", "needs a JSON body"},
		{"not JSON", `repository=octo/mirror`, nil, 400, "body", "not valid JSON"},
		{"cut off", `{"repository":"octo/mir`, nil, 400, "body", "not valid JSON"},
		{"two documents", `{"repository":"a/b"}{"repository":"c/d"}`, nil, 400, "body", "not valid JSON"},
		{"null", `null`, nil, 422, "body", "not valid"},
		{"array", `[]`, nil, 422, "body", "expected object"},
		{"nothing in it", `{}`, nil, 422, "body.repository", "or name an organization"},
		{"number", `{"repository":7}`, nil, 422, "body.repository", "expected string"},
		{"unknown property", `{"repository":"a/b","repo":"c/d"}`, nil, 422, "body.repo", "unexpected property"},
		{"empty name", `{"repository":""}`, nil, 422, "body.repository", "must be owner/name"},
		{"no owner", `{"repository":"mirror"}`, nil, 422, "body.repository", "must be owner/name"},
		{"URL", `{"repository":"https://github.com/octo/mirror"}`, nil, 422, "body.repository", "not a URL"},
		{"path", `{"repository":"octo/../etc"}`, nil, 422, "body.repository", "must be owner/name"},
		{"dots", `{"repository":"octo/.."}`, nil, 422, "body.repository", "reserves"},
		{"owner too long", `{"repository":"` + strings.Repeat("a", 40) + `/b"}`, nil, 422, "body.repository", "at most 39"},
		{"name too long", `{"repository":"a/` + strings.Repeat("b", 101) + `"}`, nil, 422, "body.repository", "at most 100"},
		{"control character", `{"repository":"a/b\u0000"}`, nil, 400, "body", "has a zero byte"},
		{"unknown collection", `{"repository":"a/b","collections":["issues","stars"]}`, nil, 422, "body.collections[1]", "there are core, all, labels, issues, pulls"},
		{"a collection of organizations", `{"repository":"a/b","collections":["teams"]}`, nil, 422, "body.collections[0]", "there are core, all, labels, issues, pulls"},
		{"both", `{"repository":"a/b","organization":"c"}`, nil, 422, "body.organization", "send two requests"},
		{"patterns of a repository", `{"repository":"a/b","include":["x*"]}`, nil, 422, "body.include", "for an organization only"},
		{"exclusion of a repository", `{"repository":"a/b","exclude":["x*"]}`, nil, 422, "body.exclude", "for an organization only"},
		{"archived ones of a repository", `{"repository":"a/b","archived":true}`, nil, 422, "body.archived", "for an organization only"},
		{"forks of a repository", `{"repository":"a/b","forks":true}`, nil, 422, "body.forks", "for an organization only"},
		{"an organization with a slash", `{"organization":"a/b"}`, nil, 422, "body.organization", "owner/name is a repository"},
		{"no login", `{"organization":"a b"}`, nil, 422, "body.organization", "at most 39"},
		{"no pattern", `{"organization":"a","include":[]}`, nil, 422, "body.include", "length >= 1"},
		{"patterns are null", `{"organization":"a","exclude":null}`, nil, 422, "body.exclude", "expected array"},
		{"an empty pattern", `{"organization":"a","include":["x",""]}`, nil, 422, "body.include[1]", "1 to 200 characters"},
		{"a long pattern", `{"organization":"a","exclude":["` + strings.Repeat("x", 201) + `"]}`, nil, 422, "body.exclude[0]", "1 to 200 characters"},
		{"a pattern with an owner", `{"organization":"a","include":["a/x*"]}`, nil, 422, "body.include[0]", "cannot have a slash"},
		{"a pattern that ends too early", `{"organization":"a","include":["[a-"]}`, nil, 422, "body.include[0]", "is not a pattern"},
		{"too many patterns", `{"organization":"a","include":["x"` + strings.Repeat(`,"x"`, 100) + `]}`, nil, 422, "body.include", "length <= 100"},
		{"an unknown collection of an organization", `{"organization":"a","collections":["stars"]}`, nil, 422, "body.collections[0]", "there are core, all, teams, labels, issues, pulls"},
		{"collections is a string", `{"repository":"a/b","collections":"issues"}`, nil, 422, "body.collections", "expected array"},
		{"no collection", `{"repository":"a/b","collections":[]}`, nil, 422, "body.collections", "length >= 1"},
		{"collections is null", `{"repository":"a/b","collections":null}`, nil, 422, "body.collections", "expected array"},
		{"a name twice", `{"repository":"a/b","repository":"c/d"}`, nil, 400, "body", `has the name \"repository\" twice`},
		{"a name twice, written otherwise", `{"repository":"a/b","rep\u006fsitory":"c/d"}`, nil, 400, "body", "twice"},
		{"a zero byte", `{"organization":"a","include":["b\u0000"]}`, nil, 400, "body", "has a zero byte"},
		{"a zero byte in a name", `{"organization":"a","\u0000":1}`, nil, 400, "body", "has a zero byte"},
		{"not UTF-8", "{\"organization\":\"a\xff\"}", nil, 400, "body", "is not UTF-8"},
		{"a name in another case", `{"repository":"a/b","Repository":"c/d"}`, nil, 422, "body.Repository", "unexpected property"},
		{"nested deeply", strings.Repeat(`{"repository":`, 4000) + `1` + strings.Repeat(`}`, 4000), nil, 422, "body.repository", "expected string"},
		{"nested far too deeply", strings.Repeat(`[`, 60000), nil, 400, "body", "not valid JSON"},
		{"many names", `{` + strings.Repeat(`"a":1,`, 10) + manyNames(5000) + `"repository":"a/b"}`, nil, 400, "body", "twice"},
		{"many wrong names", `{` + manyNames(5000) + `"repository":"a/b"}`, nil, 422, "body.a0", "more places are wrong"},
		{"a long name", `{"` + strings.Repeat("n", 60000) + `":1,"repository":"a/b"}`, nil, 422, "body." + strings.Repeat("n", 295) + "…", "unexpected property"},
		{"a collection is null", `{"repository":"a/b","collections":[null]}`, nil, 422, "body.collections[0]", "expected string"},
		{"empty key", `{"repository":"a/b"}`, []string{"Idempotency-Key: "}, 422, "header.Idempotency-Key", "is empty: send a key, or leave the header out"},
		{"key of spaces", `{"repository":"a/b"}`, []string{"Idempotency-Key:    "}, 422, "header.Idempotency-Key", "is empty"},
		{"key in another alphabet", `{"repository":"a/b"}`, []string{"Idempotency-Key: ключ"}, 422, "header.Idempotency-Key", "printable ASCII"},
		{"key with a tabulator", `{"repository":"a/b"}`, []string{"Idempotency-Key: a\tb"}, 422, "header.Idempotency-Key", "printable ASCII"},
		{"two keys", `{"repository":"a/b"}`, []string{"Idempotency-Key: one", "Idempotency-Key: two"}, 422, "header.Idempotency-Key", "is sent 2 times"},
		{"a key twice", `{"repository":"a/b"}`, []string{"Idempotency-Key: one", "Idempotency-Key: one"}, 422, "header.Idempotency-Key", "is sent 2 times"},
		{"a key and an empty one", `{"repository":"a/b"}`, []string{"Idempotency-Key: one", "idempotency-key: "}, 422, "header.Idempotency-Key", "is sent 2 times"},
		{"key with a space", `{"repository":"a/b"}`, []string{"Idempotency-Key: a b"}, 422, "header.Idempotency-Key", "printable ASCII"},
		{"key too long", `{"repository":"a/b"}`, []string{"Idempotency-Key: " + strings.Repeat("k", 256)}, 422, "header.Idempotency-Key", "255"},
		{"text", `{"repository":"a/b"}`, []string{"Content-Type: text/plain"}, 415, "", "Content-Type: application/json"},
		{"form", `repository=a/b`, []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "", "Content-Type: application/json"},
		{"1 MB", `{"repository":"` + strings.Repeat("a", 1<<20) + `"}`, nil, 413, "", "64 KiB"},
		{"10 MB", `{"repository":"` + strings.Repeat("a", 10<<20) + `"}`, nil, 413, "", "64 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, http.MethodPost, "/v1/syncs", token, strings.NewReader(tt.body), tt.header...)
			require.Equal(t, tt.status, got.StatusCode, got.body)
			p := got.problem(t)
			require.Contains(t, got.body, tt.says)
			require.Equal(t, "/v1/syncs", p.Instance)
			if tt.place != "" {
				require.Equal(t, tt.place, p.Errors[0].Location, got.body)
			}
			require.Less(t, len(got.body), 2000, "a refusal does not send the body back")
			require.NotContains(t, got.body, "json:")
			require.NotContains(t, got.body, "syncRequest", "no name of our own types")
		})
	}
}
