package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/operation"
)

func TestConnectionsAreListedAndRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	got := b.do(t, http.MethodGet, "/v1/connections", token, nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	list := decode[struct{ Connections []api.Connection }](t, got).Connections
	require.Len(t, list, 4)
	require.Equal(t, appID, list[0].ID)
	require.EqualValues(t, 12, list[0].AppID)
	require.EqualValues(t, 34, list[0].InstallationID)
	require.Contains(t, got.body, `"state_since":"2026-03-01T12:00:00Z"`, "in UTC, whatever the database's zone")
	require.Contains(t, got.body, `"repositories":[]`)

	b.connected.list[2].Reserve, b.connected.list[2].InFlight = connection.Reserve{Percent: 12.5}, 7
	b.connected.list[2].Webhook = connection.Webhook{Hook: "orgs/octo/hooks/1", HasSecret: true}
	b.connected.list[2].Repositories = []string{"octo/*"}
	for _, id := range []string{personalID, strings.ToUpper(personalID)} {
		one := decode[api.Connection](t, b.do(t, http.MethodGet, "/v1/connections/"+id, token, nil))
		require.Equal(t, "personal", one.Name)
		require.InDelta(t, 12.5, *one.Reserve.Percent, 0)
		require.Nil(t, one.Reserve.Requests)
		require.Equal(t, 7, one.InFlight)
		require.Equal(t, &api.ConnectionWebhook{Hook: "orgs/octo/hooks/1", HasSecret: true}, one.Webhook)
		require.Equal(t, []string{"octo/*"}, one.Repositories)
	}
	own := decode[api.Connection](t, b.do(t, http.MethodGet, "/v1/connections/default", token, nil))
	require.Equal(t, "environment", own.Source)
	require.Nil(t, own.Reserve)
	require.Nil(t, own.Webhook)

	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/v1/connections/"+missingID, token, nil).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, "/v1/connections/a.b", token, nil).StatusCode)
	foreign := b.grant(t, auth.Grant{Subject: "x", WorkspaceID: stranger, Role: auth.RoleAdmin, TTL: time.Hour})
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/v1/connections/"+personalID, foreign, nil).StatusCode)
	require.JSONEq(t, `{"connections":[]}`, b.do(t, http.MethodGet, "/v1/connections", foreign, nil).body)
}

func TestCreateConnection(t *testing.T) {
	t.Parallel()
	key, err := json.Marshal(goodKey)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		body string
		want connection.New
	}{
		"a token": {`{"name":"ci","token":"ghp_hidden"}`, connection.New{Name: "ci", Kind: connection.KindToken, Secrets: connection.Secrets{Token: "ghp_hidden"}}},
		"an App": {
			`{"name":"a-1","app":{"id":12,"installation_id":34,"private_key":` + string(key) + `}}`,
			connection.New{Name: "a-1", Kind: connection.KindApp, AppID: 12, InstallationID: 34, Secrets: connection.Secrets{PrivateKey: goodKey}},
		},
		"a percentage in reserve": {
			`{"name":"ci","token":"ghp_hidden","reserve":{"percent":30},"in_flight":100,"repositories":["octo/*","*/docs-*"]}`,
			connection.New{
				Name: "ci", Kind: connection.KindToken, Secrets: connection.Secrets{Token: "ghp_hidden"}, Reserve: connection.Reserve{Percent: 30},
				InFlight: 100, Repositories: []string{"octo/*", "*/docs-*"},
			},
		},
		"requests in reserve, and a webhook": {
			`{"name":"ci","token":"ghp_hidden","reserve":{"requests":1500},"webhook":{"hook":"repos/octo/mirror/hooks/7","secret":"new hidden","previous_secret":"old hidden"}}`,
			connection.New{
				Name: "ci", Kind: connection.KindToken, Reserve: connection.Reserve{Requests: 1500}, Hook: "repos/octo/mirror/hooks/7",
				Secrets: connection.Secrets{Token: "ghp_hidden", WebhookSecret: "new hidden", PreviousWebhookSecret: "old hidden"},
			},
		},
		"a GitHub of one's own": {
			`{"name":"ghes","token":"ghp_hidden","base_url":"https://github.example.com/api/v3","reserve":{"percent":0}}`,
			connection.New{Name: "ghes", Kind: connection.KindToken, BaseURL: "https://github.example.com/api/v3/", Secrets: connection.Secrets{Token: "ghp_hidden"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			tt.want.WorkspaceID = workspace
			if tt.want.BaseURL == "" {
				tt.want.BaseURL = "https://api.github.com/"
			}
			got := b.do(t, http.MethodPost, "/v1/connections", b.token(t, auth.RoleAdmin), strings.NewReader(tt.body))
			require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
			made := decode[api.CreatedConnection](t, got)
			require.NoError(t, uuid.Validate(made.ID))
			require.Equal(t, "/v1/connections/"+made.ID, got.Header.Get("Location"))
			tt.want.ID, tt.want.Accepted, tt.want.Account, tt.want.Login = made.ID, true, "user:7@api.github.com", "octocat"
			require.Equal(t, []connection.New{tt.want}, b.connected.created)
			require.Equal(t, connection.StateOK, made.State)
			require.Equal(t, connection.StateOK, made.Check.State)
			require.Equal(t, "octocat", made.Login)
			require.NotContains(t, got.body+b.log.String(), "hidden")
			require.Contains(t, b.log.String(), `"msg":"connection created"`)
			require.Contains(t, b.log.String(), `"by":"tester"`)

			again := b.do(t, http.MethodPost, "/v1/connections", b.token(t, auth.RoleAdmin), strings.NewReader(tt.body))
			require.Equal(t, http.StatusConflict, again.StatusCode)
			require.Equal(t, "The workspace has a connection of this name.", again.problem(t).Detail)
		})
	}
}

// What GitHub says of a new connection decides whether it is kept.
func TestCreateConnectionAsksGitHub(t *testing.T) {
	t.Parallel()
	const body = `{"name":"ci","token":"ghp_hidden"}`
	for name, tt := range map[string]struct {
		check connection.Check
		err   error
		state connection.State
		words string
	}{
		"nobody answers":   {check: connection.Check{State: connection.StateUnchecked, Reason: "GitHub cannot be reached."}, state: connection.StateUnchecked, words: "GitHub cannot be reached."},
		"not in time":      {err: fmt.Errorf("ask GitHub: %w", context.DeadlineExceeded), state: connection.StateUnchecked, words: "GitHub did not answer in time."},
		"the store breaks": {err: errors.New("broken"), state: connection.StateUnchecked, words: "on our side"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.connected.check, b.connected.checkErr = tt.check, tt.err
			got := b.do(t, http.MethodPost, "/v1/connections", b.token(t, auth.RoleAdmin), strings.NewReader(body))
			require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
			made := decode[api.CreatedConnection](t, got)
			require.Equal(t, tt.state, made.State)
			require.Equal(t, tt.state, made.Check.State)
			require.Contains(t, made.Check.Reason, tt.words)
			require.False(t, b.connected.created[0].Accepted)
		})
	}
	t.Run("it is refused", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.connected.check = connection.Check{State: connection.StateRefused, Reason: "GitHub says: Bad credentials."}
		got := b.do(t, http.MethodPost, "/v1/connections", b.token(t, auth.RoleAdmin), strings.NewReader(body))
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, got.body)
		p := got.problem(t)
		require.Equal(t, "credential_refused", p.Code)
		require.Equal(t, []api.Field{{Location: "body.token", Message: "GitHub says: Bad credentials."}}, p.Errors)
		require.Empty(t, b.connected.created)
		require.NotContains(t, got.body+b.log.String(), "ghp_hidden")
	})
	t.Run("it cannot be kept", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		got := b.do(t, http.MethodPost, "/v1/connections", b.token(t, auth.RoleAdmin), strings.NewReader(`{"name":"spare","token":"ghp_hidden"}`))
		require.Equal(t, http.StatusConflict, got.StatusCode, got.body)
		require.Empty(t, b.connected.checked, "GitHub is not shown what cannot be kept")
	})
	t.Run("it is not asked", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		got := b.do(t, http.MethodPost, "/v1/connections", b.token(t, auth.RoleAdmin), strings.NewReader(`{"name":"ci","token":"ghp_hidden","check":false}`))
		require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
		require.Nil(t, decode[api.CreatedConnection](t, got).Check)
		require.Empty(t, b.connected.checked)
	})
}

// A body that is wrong somewhere is refused at that place, and none of its values is
// repeated: any of them may be a secret, also in the wrong place.
func TestCreateConnectionRefusesAndKeepsSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	for body, location := range map[string]string{
		`{"name":"ci"}`: "body",
		`{"name":"ci","token":"hidden","app":{"id":1,"installation_id":1,"private_key":"hidden"}}`:         "body",
		`{"name":"ci","token":"hidden hidden"}`:                                                            "body.token",
		`{"name":"ci","token":"hidden\n"}`:                                                                 "body.token",
		`{"name":"ci","token":"` + strings.Repeat("hidden", 43) + `"}`:                                     "body.token",
		`{"name":"ci","token":{"hidden":"hidden"}}`:                                                        "body.token",
		`{"name":"ci","token":["hidden"]}`:                                                                 "body.token",
		`{"name":"ci","token":null}`:                                                                       "body.token",
		`{"name":"hidden/","token":"hidden"}`:                                                              "body.name",
		`{"name":"default","token":"hidden"}`:                                                              "body.name",
		`{"name":"HIDDEN","token":"hidden"}`:                                                               "body.name",
		`{"token":"hidden"}`:                                                                               "body",
		`{"name":"ci","app":"hidden"}`:                                                                     "body.app",
		`{"name":"ci","app":{"id":"hidden","installation_id":1,"private_key":"hidden"}}`:                   "body.app.id",
		`{"name":"ci","app":{"id":1,"installation_id":0,"private_key":"hidden"}}`:                          "body.app.installation_id",
		`{"name":"ci","app":{"id":1,"installation_id":1,"private_key":"hidden"}}`:                          "body.app.private_key",
		`{"name":"ci","app":{"id":1,"installation_id":1,"private_key":null}}`:                              "body.app.private_key",
		`{"name":"ci","app":{"id":1,"installation_id":1,"private_key":"` + pad("hidden", 16<<10+1) + `"}}`: "body.app.private_key",
		`{"name":"ci","token":"hidden","base_url":"https://hidden@evil.example/"}`:                         "body.base_url",
		`{"name":"ci","token":"hidden","repositories":["hidden"]}`:                                         "body.repositories[0]",
		`{"name":"ci","token":"hidden","repositories":["a/b","hidden/[a"]}`:                                "body.repositories[1]",
		`{"name":"ci","token":"hidden","reserve":{}}`:                                                      "body.reserve",
		`{"name":"ci","token":"hidden","reserve":{"percent":1,"requests":1}}`:                              "body.reserve",
		`{"name":"ci","token":"hidden","reserve":{"percent":101}}`:                                         "body.reserve.percent",
		`{"name":"ci","token":"hidden","reserve":{"requests":-1}}`:                                         "body.reserve.requests",
		`{"name":"ci","token":"hidden","reserve":"hidden"}`:                                                "body.reserve",
		`{"name":"ci","token":"hidden","in_flight":0}`:                                                     "body.in_flight",
		`{"name":"ci","token":"hidden","in_flight":101}`:                                                   "body.in_flight",
		`{"name":"ci","token":"hidden","webhook":{"hook":"/orgs/hidden/hooks/1"}}`:                         "body.webhook.hook",
		`{"name":"ci","token":"hidden","webhook":{"previous_secret":"hidden"}}`:                            "body.webhook.previous_secret",
		`{"name":"ci","token":"hidden","webhook":{"secret":"` + pad("hidden", 256) + `"}}`:                 "body.webhook.secret",
		`{"name":"ci","token":"hidden","check":"hidden"}`:                                                  "body.check",
		`{"name":"ci","token":"hidden","secret":"hidden"}`:                                                 "body.secret",
		`{"name":"ci","token":"hidden","name":"hidden"}`:                                                   "body",
		`{"name":"ci","token":"hidden`:                                                                     "body",
		`"hidden"`:                                                                                         "body",
		`hidden`:                                                                                           "body",
	} {
		got := b.do(t, http.MethodPost, "/v1/connections", token, strings.NewReader(body))
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, got.StatusCode, "%s: %s", body, got.body)
		p := got.problem(t)
		require.NotEmpty(t, p.Errors, body)
		require.Equal(t, location, p.Errors[0].Location, "%s: %s", body, got.body)
		require.NotContains(t, strings.ToLower(got.body), "hidden", body)
	}
	require.Empty(t, b.connected.created)
	require.NotContains(t, strings.ToLower(b.log.String()), "hidden")
}

// pad is text over and over, so many bytes of it.
func pad(text string, n int) string { return strings.Repeat(text, n/len(text)+1)[:n] }

func TestChangeConnection(t *testing.T) {
	t.Parallel()
	key, err := json.Marshal(goodKey)
	require.NoError(t, err)
	text, number, installation, yes := "other", 3, int64(35), true
	empty, patterns := "", []string{}
	for name, tt := range map[string]struct {
		id, body string
		want     connection.Change
	}{
		"nothing":         {strings.ToUpper(personalID), `{}`, connection.Change{}},
		"a token":         {personalID, `{"token":"ghp_hidden"}`, connection.Change{Secrets: connection.Secrets{Token: "ghp_hidden"}}},
		"settings":        {personalID, `{"name":"other","in_flight":3,"repositories":[],"disabled":true}`, connection.Change{Name: &text, InFlight: &number, Repositories: &patterns, Disabled: &yes}},
		"the reserve":     {personalID, `{"reserve":{"requests":9}}`, connection.Change{Reserve: &connection.Reserve{Requests: 9}}},
		"no reserve":      {personalID, `{"reserve":{"percent":0}}`, connection.Change{Reserve: &connection.Reserve{}}},
		"an App":          {appID, `{"app":{"installation_id":35,"private_key":` + string(key) + `}}`, connection.Change{InstallationID: &installation, Secrets: connection.Secrets{PrivateKey: goodKey}}},
		"webhook secrets": {personalID, `{"webhook":{"secret":"new hidden","previous_secret":"old hidden"}}`, connection.Change{Secrets: connection.Secrets{WebhookSecret: "new hidden", PreviousWebhookSecret: "old hidden"}}},
		"no webhook": {
			personalID, `{"webhook":{"hook":"","secret":"","previous_secret":""}}`,
			connection.Change{Hook: &empty, WithoutWebhookSecret: true, WithoutPreviousWebhookSecret: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			got := b.do(t, http.MethodPatch, "/v1/connections/"+tt.id, b.token(t, auth.RoleAdmin), strings.NewReader(tt.body))
			require.Equal(t, http.StatusOK, got.StatusCode, got.body)
			require.Equal(t, []connection.Change{tt.want}, b.connected.changed)
			require.EqualValues(t, 2, decode[api.Connection](t, got).Version)
			require.NotContains(t, got.body+b.log.String(), "hidden")
			require.Contains(t, b.log.String(), `"msg":"connection changed"`)
		})
	}
}

func TestChangeConnectionRefusesAndKeepsSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	for _, tt := range []struct{ id, body, location string }{
		{personalID, `{"name":"default"}`, "body.name"},
		{personalID, `{"webhook":{"previous_secret":"hidden"}}`, "body.webhook.previous_secret"},
		{personalID, `{"webhook":{"secret":"","previous_secret":"hidden"}}`, "body.webhook.previous_secret"},
		{personalID, `{"token":""}`, "body.token"},
		{personalID, `{"token":"a hidden"}`, "body.token"},
		{personalID, `{"token":null}`, "body.token"},
		{appID, `{"token":"hidden"}`, "body.token"},
		{personalID, `{"app":{"private_key":"hidden"}}`, "body.app.private_key"},
		{personalID, `{"app":{"installation_id":1}}`, "body.app"},
		{appID, `{"app":{"id":1}}`, "body.app.id"},
		{appID, `{"app":{"private_key":7}}`, "body.app.private_key"},
		{personalID, `{"base_url":"https://hidden.example/"}`, "body.base_url"},
		{personalID, `{"repositories":["hidden"]}`, "body.repositories[0]"},
		{personalID, `{"repositories":null}`, "body.repositories"},
		{personalID, `{"reserve":{}}`, "body.reserve"},
		{personalID, `{"reserve":{"percent":null}}`, "body.reserve.percent"},
		{personalID, `{"webhook":{"hook":"hidden"}}`, "body.webhook.hook"},
		{personalID, `{"webhook":{"secret":7}}`, "body.webhook.secret"},
		{personalID, `{"state":"ok"}`, "body.state"},
	} {
		got := b.do(t, http.MethodPatch, "/v1/connections/"+tt.id, token, strings.NewReader(tt.body))
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, "%s: %s", tt.body, got.body)
		require.Equal(t, tt.location, got.problem(t).Errors[0].Location, "%s: %s", tt.body, got.body)
		require.NotContains(t, got.body, "hidden")
	}
	require.Empty(t, b.connected.changed)
	require.NotContains(t, b.log.String(), "hidden")
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodPatch, "/v1/connections/"+missingID, token, strings.NewReader(`{}`)).StatusCode)
}

// What the environment describes is changed there.
func TestTheEnvironmentsConnectionStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	for _, got := range []answer{
		b.do(t, http.MethodPatch, "/v1/connections/default", token, strings.NewReader(`{"in_flight":1}`)),
		b.do(t, http.MethodDelete, "/v1/connections/default", token, nil),
	} {
		require.Equal(t, http.StatusConflict, got.StatusCode)
		require.Equal(t, "The environment describes this connection.", got.problem(t).Detail)
	}
}

func TestDeleteConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	got := b.do(t, http.MethodDelete, "/v1/connections/"+spareID, token, nil)
	require.Equal(t, http.StatusNoContent, got.StatusCode)
	require.Empty(t, got.body)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodDelete, "/v1/connections/"+spareID, token, nil).StatusCode)
	require.Contains(t, b.log.String(), `"msg":"connection deleted"`)
}

func TestCheckConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	expires, repositories := start.Add(time.Hour).In(time.FixedZone("elsewhere", 3600)), int64(12)
	b.connected.check = connection.Check{
		State: connection.StateOK, At: start, Account: "installation:34@api.github.com", Login: "octo", App: "Mirror", Scopes: []string{"repo"}, ScopesKnown: true,
		Permissions: map[string]string{"issues": "read"}, ExpiresAt: &expires, RepositorySelection: "selected", Repositories: &repositories,
		Rates:      []connection.Rate{{Resource: "core", Limit: 5000, Left: 4872, ResetAt: expires}, {Resource: "graphql", Limit: 5000, Left: 5000}},
		Unreadable: []connection.Unreadable{{Collection: "teams", Reason: "No permission."}}, Notes: []string{"Only so much."},
	}
	got := b.do(t, http.MethodPost, "/v1/connections/"+personalID+"/check", token, nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	require.JSONEq(t, `{"state":"ok","checked_at":"2026-03-01T12:00:00Z","account":"installation:34@api.github.com","login":"octo","app":"Mirror",
		"scopes":["repo"],"scopes_known":true,"permissions":{"issues":"read"},"expires_at":"2026-03-01T13:00:00Z","repository_selection":"selected","repositories":12,
		"limits":[{"resource":"core","limit":5000,"remaining":4872,"reset_at":"2026-03-01T13:00:00Z"},{"resource":"graphql","limit":5000,"remaining":5000}],
		"unreadable":[{"collection":"teams","reason":"No permission."}],"notes":["Only so much."]}`, got.body)

	b.connected.check = connection.Check{State: connection.StateRefused, Reason: "Bad credentials.", At: start}
	got = b.do(t, http.MethodPost, "/v1/connections/"+personalID+"/check", token, nil)
	require.JSONEq(t, `{"state":"refused","reason":"Bad credentials.","checked_at":"2026-03-01T12:00:00Z","scopes_known":false,"limits":[],"unreadable":[]}`, got.body)

	b.connected.checkErr = context.DeadlineExceeded
	got = b.do(t, http.MethodPost, "/v1/connections/"+personalID+"/check", token, nil)
	require.Equal(t, connection.StateUnchecked, decode[api.ConnectionCheck](t, got).State)
	b.connected.checkErr = &operation.Error{Code: operation.CodeUnavailable, Message: "x"}
	require.Equal(t, http.StatusServiceUnavailable, b.do(t, http.MethodPost, "/v1/connections/"+personalID+"/check", token, nil).StatusCode)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodPost, "/v1/connections/"+missingID+"/check", token, nil).StatusCode)
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.connected.budgets = []connection.Budget{
		{
			Account: "user:7@api.github.com", Connections: []string{personalID}, Known: true, At: start, InFlight: 4, Most: 10, Processes: 2,
			Hours: []connection.Hour{{
				Rate: connection.Rate{Resource: "core", Limit: 5000, Left: 3100, ResetAt: start.Add(time.Hour)}, Reserve: 1500, Others: 58,
				Lanes:      []connection.Portion{{Name: "interactive", Spent: 12}, {Name: "backfill", Spent: 1830}},
				Operations: []connection.Portion{{Name: missingID, Spent: 1830}},
			}},
			Windows: []connection.Window{{Limit: "github_points_per_minute", Resource: "core", Span: time.Minute, Spent: 640, Most: 900}},
			Holds:   []connection.Hold{{Limit: "github_secondary_limit", Reason: "GitHub asked to slow down.", Until: start.Add(time.Minute)}},
			Waiting: map[string]int{"backfill": 7},
		},
		{Account: "anonymous@api.github.com"},
	}
	got := b.do(t, http.MethodGet, "/v1/budgets", b.token(t, auth.RoleReader), nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	require.JSONEq(t, `{"budgets":[
		{"account":"user:7@api.github.com","connections":["`+personalID+`"],"known":true,"at":"2026-03-01T12:00:00Z","in_flight":4,"max_in_flight":10,"processes":2,
		 "resources":[{"resource":"core","limit":5000,"remaining":3100,"reset_at":"2026-03-01T13:00:00Z","reserve":1500,
			"spent":{"lanes":{"interactive":12,"backfill":1830},"operations":[{"operation_id":"`+missingID+`","spent":1830}],"others":58}}],
		 "windows":[{"limit":"github_points_per_minute","resource":"core","seconds":60,"spent":640,"most":900}],
		 "holds":[{"limit":"github_secondary_limit","reason":"GitHub asked to slow down.","until":"2026-03-01T12:01:00Z"}],"waiting":{"backfill":7}},
		{"account":"anonymous@api.github.com","connections":[],"known":false,"resources":[],"in_flight":0,"max_in_flight":0,"windows":[],"holds":[],"waiting":{},"processes":0}]}`, got.body)
}
