package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
)

// keeper keeps deliveries in memory.
type keeper struct {
	kept  []delivery.Delivery
	state delivery.State
	err   error
}

func (k *keeper) InsertDelivery(_ context.Context, d delivery.Delivery) (delivery.State, error) {
	if k.err != nil {
		return "", k.err
	}
	for _, other := range k.kept {
		if other.GUID == d.GUID {
			return "", nil
		}
	}
	k.kept = append(k.kept, d)
	return k.state, nil
}

type bundle struct {
	*delivery.Receiver
	keeper *keeper
	told   []delivery.Repository
	log    bytes.Buffer
}

func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	b := &bundle{keeper: &keeper{state: delivery.StatePending}}
	b.Receiver = &delivery.Receiver{
		Directory: delivery.Fixed{
			{Name: "default", WorkspaceID: "w", Secrets: []string{"s3cret"}}, {Name: "bare", WorkspaceID: "w"},
		},
		Collections: collection.NewRegistry(), Keeper: b.keeper,
		Announce: func(r delivery.Repository) { b.told = append(b.told, r) },
		Logger:   slog.New(slog.NewTextHandler(&b.log, nil)),
	}
	return b
}

// request is a delivery that is signed as it has to be.
func request(event, payload string) delivery.Request {
	return delivery.Request{
		Connection: "default", GUID: "72d3162e-cc78-11e3-81ab-4c9367dc0958", Event: event,
		Signature: delivery.Sign("s3cret", []byte(payload)), ContentType: "application/json", Body: []byte(payload),
	}
}

const labeled = `{"action":"labeled","issue":{"id":7,"number":3,"updated_at":"2026-01-02T03:04:05Z"},` +
	`"repository":{"id":42,"full_name":"octo/mirror"},"organization":{"id":9,"login":"octo"}}`

func TestReceiveKeepsWhatADeliveryIsAbout(t *testing.T) {
	b := setup(t)
	outcome, err := b.Receive(t.Context(), request("issues", labeled))
	require.NoError(t, err)
	require.Equal(t, delivery.OutcomeStored, outcome)
	require.Equal(t, []delivery.Repository{{WorkspaceID: "w", ID: 42}}, b.told)
	kept := b.keeper.kept[0]
	require.Contains(t, kept.Collections, "issues")
	kept.Collections = nil
	require.Equal(t, delivery.Delivery{
		WorkspaceID: "w", Connection: "default", GUID: "72d3162e-cc78-11e3-81ab-4c9367dc0958", Event: "issues", Action: "labeled",
		RepositoryID: 42, Repository: "octo/mirror", OrganizationID: 9, Organization: "octo", Payload: []byte(labeled),
		Items: []delivery.Item{{Collection: "issues", Key: "7", UpdatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}},
	}, kept)

	outcome, err = b.Receive(t.Context(), request("issues", labeled))
	require.NoError(t, err)
	require.Equal(t, delivery.OutcomeDuplicate, outcome)
	require.Len(t, b.told, 1, "a duplicate does nothing")
}

func TestAFormIsRead(t *testing.T) {
	b := setup(t)
	in := request("issues", url.Values{"payload": {labeled}}.Encode())
	in.ContentType = "application/x-www-form-urlencoded"
	outcome, err := b.Receive(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, delivery.OutcomeStored, outcome)
	require.Equal(t, labeled, string(b.keeper.kept[0].Payload)) //nolint:testifylint // byte for byte
}

func TestReceiveRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 65)
	for name, tt := range map[string]struct {
		change func(*delivery.Request)
		code   operation.Code
		says   string
	}{
		"another connection":   {func(r *delivery.Request) { r.Connection = "other" }, operation.CodeNotFound, "no such connection"},
		"no secret is set":     {func(r *delivery.Request) { r.Connection = "bare" }, operation.CodeUnauthorized, "HOLDFAST_WEBHOOK_SECRET"},
		"unsigned":             {func(r *delivery.Request) { r.Signature = "" }, operation.CodeUnauthorized, "not signed"},
		"unsigned, no secret":  {func(r *delivery.Request) { r.Connection, r.Signature = "bare", "" }, operation.CodeUnauthorized, "HOLDFAST_WEBHOOK_SECRET"},
		"signed by another":    {func(r *delivery.Request) { r.Signature = delivery.Sign("x", r.Body) }, operation.CodeUnauthorized, "not the body's"},
		"changed on its way":   {func(r *delivery.Request) { r.Body = append(bytes.Clone(r.Body), ' ') }, operation.CodeUnauthorized, "not the body's"},
		"no GUID":              {func(r *delivery.Request) { r.GUID = "" }, operation.CodeInvalid, "X-GitHub-Delivery is missing"},
		"a GUID that is none":  {func(r *delivery.Request) { r.GUID = "a b" }, operation.CodeInvalid, "X-GitHub-Delivery"},
		"a GUID that is long":  {func(r *delivery.Request) { r.GUID = long }, operation.CodeInvalid, "longer than 64"},
		"no event":             {func(r *delivery.Request) { r.Event = "" }, operation.CodeInvalid, "X-GitHub-Event"},
		"an event that is odd": {func(r *delivery.Request) { r.Event = "issues\x00" }, operation.CodeInvalid, "X-GitHub-Event"},
		"no JSON":              {func(r *delivery.Request) { sign(r, "nope") }, operation.CodeInvalid, "no JSON"},
		"no object":            {func(r *delivery.Request) { sign(r, "[]") }, operation.CodeInvalid, "no JSON object"},
		"nothing":              {func(r *delivery.Request) { sign(r, "") }, operation.CodeInvalid, "no JSON"},
		"a form without it":    {func(r *delivery.Request) { sign(r, "a=b"); r.ContentType = "application/x-www-form-urlencoded" }, operation.CodeInvalid, "payload"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			in := request("issues", labeled)
			tt.change(&in)
			_, err := b.Receive(t.Context(), in)
			require.Equal(t, tt.code, operation.CodeOf(err))
			require.ErrorContains(t, err, tt.says)
			require.Empty(t, b.keeper.kept)
			require.Empty(t, b.told)
			require.NotContains(t, b.log.String(), "s3cret")
		})
	}
}

func sign(r *delivery.Request, body string) {
	r.Body, r.Signature = []byte(body), delivery.Sign("s3cret", []byte(body))
}

func TestWhatIsNotKnownIsKept(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event, payload string
		state          delivery.State
		want           delivery.Outcome
	}{
		"ping":                         {"ping", `{"zen":"Keep it logically awesome.","hook_id":1}`, delivery.StateIgnored, delivery.OutcomePing},
		"an unknown event":             {"quantum_entanglement", `{"action":"collapsed"}`, delivery.StateIgnored, delivery.OutcomeIgnored},
		"a repository not mirrored":    {"issues", labeled, delivery.StateIgnored, delivery.OutcomeIgnored},
		"members that are of no shape": {"issues", `{"action":7,"issue":[],"repository":"x","organization":null}`, delivery.StateIgnored, delivery.OutcomeIgnored},
		"what jsonb cannot hold":       {"issues", `{"action":"a\u0000b","issue":{"id":1,"updated_at":"never"},"repository":{"id":1e99,"full_name":"\ud800"}}`, delivery.StateIgnored, delivery.OutcomeIgnored},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.keeper.state = tt.state
			outcome, err := b.Receive(t.Context(), request(tt.event, tt.payload))
			require.NoError(t, err)
			require.Equal(t, tt.want, outcome)
			require.Len(t, b.keeper.kept, 1)
			require.Equal(t, tt.payload, string(b.keeper.kept[0].Payload))
			require.NotContains(t, b.keeper.kept[0].Action, "\x00")
			require.Empty(t, b.told)
		})
	}
}

func TestWhatCannotBeKeptIsNotAnswered(t *testing.T) {
	b := setup(t)
	b.keeper.err = &operation.Error{Code: operation.CodeUnavailable, Message: "x", Err: errors.New("down")}
	outcome, err := b.Receive(t.Context(), request("issues", labeled))
	require.Equal(t, delivery.OutcomeFailed, outcome)
	require.Equal(t, operation.CodeUnavailable, operation.CodeOf(err))
	require.Empty(t, b.told)
}

// What an event nominates, and which item the mirror has to show afterwards.
func TestNominations(t *testing.T) {
	t.Parallel()
	const at = `"updated_at":"2026-01-02T03:04:05Z"`
	for name, tt := range map[string]struct {
		event, payload string
		collections    []string // at least
		items          []string
	}{
		"an issue":                   {"issues", `{"action":"opened","issue":{"id":1,` + at + `}}`, []string{"issues"}, []string{"issues/1"}},
		"a deleted issue":            {"issues", `{"action":"deleted","issue":{"id":1,` + at + `}}`, []string{"issues"}, nil},
		"a transferred issue":        {"issues", `{"action":"transferred","issue":{"id":1,` + at + `}}`, []string{"issues"}, nil},
		"a comment":                  {"issue_comment", `{"action":"created","issue":{"id":1,` + at + `},"comment":{"id":2,` + at + `}}`, []string{"issues", "issue_comments"}, []string{"issues/1", "issue_comments/2"}},
		"a deleted comment":          {"issue_comment", `{"action":"deleted","issue":{"id":1,` + at + `},"comment":{"id":2,` + at + `}}`, []string{"issues", "issue_comments"}, []string{"issues/1"}},
		"a comment on a pull":        {"issue_comment", `{"action":"created","issue":{"id":1,"pull_request":{},` + at + `},"comment":{"id":2,` + at + `}}`, []string{"issues", "issue_comments", "pulls"}, []string{"issues/1", "issue_comments/2"}},
		"a pull":                     {"pull_request", `{"action":"synchronize","pull_request":{"id":3,` + at + `}}`, []string{"issues", "pulls"}, []string{"pulls/3"}},
		"a review":                   {"pull_request_review", `{"action":"submitted","review":{"id":4},"pull_request":{"id":3,` + at + `}}`, []string{"pulls", "reviews"}, []string{"pulls/3"}},
		"a review comment":           {"pull_request_review_comment", `{"action":"created","comment":{"id":5,` + at + `},"pull_request":{"id":3,` + at + `}}`, []string{"pulls", "review_comments"}, []string{"pulls/3", "review_comments/5"}},
		"a push":                     {"push", `{"ref":"refs/heads/main","repository":{"id":42,"full_name":"o/r",` + at + `}}`, []string{"commits", "branches", "tags", "repository"}, []string{"repository/42"}},
		"a label":                    {"label", `{"action":"edited","label":{"id":6}}`, []string{"labels"}, nil},
		"a milestone":                {"milestone", `{"action":"closed","milestone":{"id":8,` + at + `}}`, []string{"milestones"}, []string{"milestones/8"}},
		"a release":                  {"release", `{"action":"published","release":{"id":9}}`, []string{"releases"}, nil},
		"a star":                     {"star", `{"action":"created","repository":{"id":42,"full_name":"o/r",` + at + `}}`, []string{"repository"}, []string{"repository/42"}},
		"a repository that has gone": {"repository", `{"action":"deleted","repository":{"id":42,"full_name":"o/r",` + at + `}}`, []string{"repository"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			_, err := b.Receive(t.Context(), request(tt.event, tt.payload))
			require.NoError(t, err)
			require.Subset(t, b.keeper.kept[0].Collections, tt.collections)
			var items []string
			for _, item := range b.keeper.kept[0].Items {
				items = append(items, item.Collection+"/"+item.Key)
			}
			require.ElementsMatch(t, tt.items, items)
		})
	}
}
