package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/secret"
	"github.com/holdfast/holdfast/internal/telemetry"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/store"
)

// administered is an API with a database, a Redis and a GitHub, for an admin.
type administered struct {
	*services
	t     *testing.T
	url   string
	token string
	said  *log
}

// adasGitHub is a GitHub that accepts one token, ghp_hidden, which is ada's, and a keyset
// that secrets are encrypted with.
func adasGitHub(t *testing.T) (url, keyset string) {
	t.Helper()
	sim := httptest.NewServer(githubsim.New(githubsim.Options{
		Users: []githubsim.User{{Login: "ada", ID: 1, Tokens: []githubsim.Token{{Value: "ghp_hidden", Scopes: []string{"repo"}}}}},
	}))
	t.Cleanup(sim.Close)
	set, err := secret.New()
	require.NoError(t, err)
	keyset, err = set.Encode()
	require.NoError(t, err)
	return sim.URL, keyset
}

func setupAdministered(t *testing.T, change func(*config.API)) *administered {
	t.Helper()
	sim, encoded := adasGitHub(t)
	c := config.API{GitHub: config.GitHub{GitHubURL: sim, GitHubInFlight: 10, TimeScale: 0.001, SecretsKeyset: encoded}}
	if change != nil {
		change(&c)
	}
	pool, said := testenv.Database(t), &log{}
	logger := slog.New(slog.NewJSONHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := &services{pool: pool, store: store.New(testenv.Roled(t, pool)), redis: testenv.Redis(t), telemetry: &telemetry.Telemetry{}, log: logger}
	t.Cleanup(s.asking.close)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	verifier, err := auth.NewVerifier(time.Now, auth.PublicKey(key))
	require.NoError(t, err)
	options := api.Options{Verifier: verifier, Logger: logger, Audit: s.store}
	require.NoError(t, administer(&options, c, s))
	handler, err := api.New(options)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	token, err := auth.NewIssuer(key, time.Now).Issue(auth.Grant{
		Subject: "tester", WorkspaceID: config.DefaultWorkspace, Role: auth.RoleAdmin, TTL: time.Hour,
	})
	require.NoError(t, err)
	return &administered{services: s, t: t, url: server.URL, token: token, said: said}
}

// ask sends a request and reads its answer into out, which may be nil.
func (a *administered) ask(method, path, body string, out any) (status int, answer string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	require.NoError(a.t, err)
	r.Header.Set("Authorization", "Bearer "+a.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(a.t, err)
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	if out != nil {
		require.NoError(a.t, json.Unmarshal(read, out), string(read))
	}
	return resp.StatusCode, string(read)
}

// A connection is kept once GitHub has accepted it, told apart when its credential is
// exchanged for a bad one, and what it spends is shown.
func TestConnectionsAreAdministered(t *testing.T) {
	t.Parallel()
	a := setupAdministered(t, nil)
	var made api.CreatedConnection
	status, body := a.ask(http.MethodPost, "/v1/connections", `{"name":"ada","token":"ghp_hidden","reserve":{"percent":10}}`, &made)
	require.Equal(t, http.StatusCreated, status, body)
	require.Equal(t, connection.StateOK, made.State)
	require.Equal(t, "ada", made.Login)
	require.Equal(t, []string{"repo"}, made.Check.Scopes)
	require.Len(t, made.Check.Limits, 2)
	require.NotEmpty(t, made.Check.Unreadable)

	status, body = a.ask(http.MethodPost, "/v1/connections", `{"name":"bad","token":"ghp_hidden2"}`, nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, body)
	require.Contains(t, body, `"code":"credential_refused"`)
	var list struct{ Connections []api.Connection }
	a.ask(http.MethodGet, "/v1/connections", "", &list)
	require.Len(t, list.Connections, 1, "what GitHub refused was not kept")

	var shown struct{ Budgets []api.Budget }
	status, body = a.ask(http.MethodGet, "/v1/budgets", "", &shown)
	require.Equal(t, http.StatusOK, status, body)
	require.Len(t, shown.Budgets, 1)
	require.Equal(t, made.Account, shown.Budgets[0].Account)
	require.Equal(t, []string{made.ID}, shown.Budgets[0].Connections)

	client := []string{"HOLDFAST_API_URL=" + a.url, "HOLDFAST_TOKEN=" + a.token}
	stdout, _, err := holdfast(t, client, "connections", "check", "ada")
	require.NoError(t, err)
	require.Contains(t, stdout, "account      ada "+made.Account+"\n")
	stdout, _, err = holdfast(t, client, "budgets")
	require.NoError(t, err)
	require.Contains(t, stdout, made.Account)

	one := "/v1/connections/" + made.ID
	var changed api.Connection
	status, body = a.ask(http.MethodPatch, one, `{"token":"ghp_hidden3"}`, &changed)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, connection.StateUnchecked, changed.State)
	var check api.ConnectionCheck
	status, body = a.ask(http.MethodPost, one+"/check", "", &check)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, connection.StateRefused, check.State)
	require.NotEmpty(t, check.Reason)
	a.ask(http.MethodGet, one, "", &changed)
	require.Equal(t, connection.StateRefused, changed.State)
	require.Equal(t, check.Reason, changed.StateReason)

	status, _ = a.ask(http.MethodDelete, one, "", nil)
	require.Equal(t, http.StatusNoContent, status)
	status, _ = a.ask(http.MethodPost, one+"/check", "", nil)
	require.Equal(t, http.StatusNotFound, status)
	require.NotContains(t, a.said.text.String(), "hidden")
}

// What the server cannot do is said in a sentence that helps.
func TestConnectionsThatTheServerCannotKeep(t *testing.T) {
	t.Parallel()
	a := setupAdministered(t, func(c *config.API) { c.SecretsKeyset = "" })
	status, body := a.ask(http.MethodPost, "/v1/connections", `{"name":"ada","token":"ghp_hidden"}`, nil)
	require.Equal(t, http.StatusConflict, status, body)
	require.Contains(t, body, "HOLDFAST_SECRETS_KEYSET")
	status, body = a.ask(http.MethodPost, "/v1/connections", `{"name":"ada","token":"ghp_hidden","base_url":"https://evil.example/"}`, nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, body)
	require.Contains(t, body, "HOLDFAST_GITHUB_HOSTS")
	status, body = a.ask(http.MethodPost, "/v1/connections", `{"name":"ada","app":{"id":1,"installation_id":2,"private_key":"hidden"}}`, nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, body)
	require.Contains(t, body, "2048 bits")
	require.NotContains(t, body+a.said.text.String(), "hidden")
}

// saidByGitHub is what GitHub says, or why nothing.
type saidByGitHub struct {
	held  []connection.Held
	check github.Check
	err   error
	lane  budget.Lane
}

func (s *saidByGitHub) Connections(context.Context, string) ([]connection.Held, error) {
	return s.held, nil
}

func (s *saidByGitHub) Check(ctx context.Context, _, _ string) (github.Check, error) {
	s.lane = budget.FlowOf(ctx).Lane
	return s.check, s.err
}

func TestChecks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	held := []connection.Held{{Connection: connection.Connection{ID: "a"}}}
	locked := []connection.Held{{Connection: connection.Connection{ID: "a"}, Unreadable: "Its token is elsewhere."}}
	unchecked := func(reason string) connection.Check {
		return connection.Check{State: connection.StateUnchecked, Reason: reason, At: now}
	}
	for name, tt := range map[string]struct {
		said saidByGitHub
		want connection.Check
		code operation.Code
	}{
		"all is well": {
			saidByGitHub{held: held, check: github.Check{
				State: connection.StateOK, At: now, Login: "ada",
				Rates:      budget.Rates{budget.GraphQL: {Limit: 2, Left: 1}, budget.Core: {Limit: 4, Left: 3, Reset: time.Minute}},
				Unreadable: []github.Unreadable{{Collection: "teams", Reason: "No."}},
			}},
			connection.Check{
				State: connection.StateOK, At: now, Login: "ada", Unreadable: []connection.Unreadable{{Collection: "teams", Reason: "No."}},
				Rates: []connection.Rate{{Resource: "core", Limit: 4, Left: 3, ResetAt: now.Add(time.Minute)}, {Resource: "graphql", Limit: 2, Left: 1, ResetAt: now}},
			},
			"",
		},
		"it is not there":    {saidByGitHub{}, connection.Check{}, operation.CodeNotFound},
		"it was deleted":     {saidByGitHub{held: held, err: github.ErrNoConnection}, connection.Check{}, operation.CodeNotFound},
		"it cannot be read":  {saidByGitHub{held: locked, err: errors.New("never asked")}, unchecked("Its token is elsewhere."), ""},
		"no answer":          {saidByGitHub{held: held, err: &github.Error{Kind: github.KindUnreachable}}, unchecked("GitHub cannot be reached."), ""},
		"a mute answer":      {saidByGitHub{held: held, err: &github.Error{Status: 502}}, unchecked("GitHub answered with the status 502."), ""},
		"another answer":     {saidByGitHub{held: held, err: &github.Error{Status: 404, Message: "Not Found"}}, unchecked("GitHub answered with the status 404: Not Found"), ""},
		"a limit":            {saidByGitHub{held: held, err: &budget.LimitError{Limit: budget.Secondary, Until: now}}, unchecked("GitHub asked to slow down (secondary limit) until 12:00:00Z."), ""},
		"the database fails": {saidByGitHub{held: held, err: errors.New("broken")}, connection.Check{}, operation.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &checks{connections: &tt.said, pool: &tt.said, now: func() time.Time { return now }}
			got, err := c.Check(t.Context(), "w", "a")
			require.Equal(t, tt.code, operation.CodeOf(err))
			require.Equal(t, tt.want, got)
			if len(got.Rates) > 0 {
				require.Equal(t, budget.LaneInteractive, tt.said.lane, "somebody waits for it")
			}
		})
	}
	late, cancel := context.WithDeadline(t.Context(), now)
	t.Cleanup(cancel)
	s := &saidByGitHub{held: held, err: &github.Error{Kind: github.KindUnreachable}}
	_, err := (&checks{connections: s, pool: s, now: time.Now}).Check(late, "w", "a")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// listed are a workspace's connections.
type listed []connection.Connection

func (l listed) Connections(context.Context, string) ([]connection.Connection, error) { return l, nil }

func TestBudgetsShowAWorkspaceItsOwnOperations(t *testing.T) {
	t.Parallel()
	const account = "user:7@api.github.com"
	client := testenv.Redis(t)
	ledger, err := budget.NewLedger(budget.Options{Redis: client})
	require.NoError(t, err)
	t.Cleanup(ledger.Close)
	spent := ledger.Account(account, func(context.Context) (budget.Rates, error) {
		return budget.Rates{budget.Core: {Limit: 5000, Left: 4000, Reset: time.Hour}}, nil
	})
	spent.SetPolicy(budget.Policy{Connection: "a", Reserve: budget.Reserve{Percent: 20}})
	for i, workspace := range []string{"mine", "other"} {
		flow := budget.Flow{Lane: budget.LaneBackfill, Workspace: workspace, Operation: "op of " + workspace}
		pass, err := spent.Enter(budget.WithFlow(t.Context(), flow), budget.Request{Resource: budget.Core})
		require.NoError(t, err)
		rate := budget.Rate{Limit: 5000, Left: int64(3999 - i), Reset: time.Hour}
		require.Nil(t, pass.Leave(t.Context(), budget.Answer{Sent: true, OK: true, Rate: &rate}))
	}
	pass, err := spent.Enter(t.Context(), budget.Request{Resource: budget.Core})
	require.NoError(t, err)
	require.NotNil(t, pass.Leave(t.Context(), budget.Answer{Sent: true, Refused: &budget.Refusal{Limit: budget.Secondary, Wait: time.Minute}}))

	own := listed{
		{ID: "a", Kind: connection.KindToken, Account: account},
		{ID: "b", Kind: connection.KindAnonymous, BaseURL: "https://api.github.com/"},
		{ID: "c", Kind: connection.KindToken, Account: account},
	}
	var got []connection.Budget
	require.Eventually(t, func() bool {
		got, err = (&budgets{connections: own, redis: client}).Budgets(t.Context(), "mine")
		return err == nil && len(got[0].Holds) == 1 && got[0].InFlight == 0
	}, 20*time.Second, 10*time.Millisecond)
	require.Len(t, got, 2)
	require.Equal(t, []string{"a", "c"}, got[0].Connections, "of one account")
	require.True(t, got[0].Known)
	require.Equal(t, 10, got[0].Most)
	require.Equal(t, 1, got[0].Processes)
	require.Len(t, got[0].Hours, 1)
	hour := got[0].Hours[0]
	require.Equal(t, "core", hour.Resource)
	require.EqualValues(t, 1000, hour.Reserve)
	require.Equal(t, []connection.Portion{{Name: "op of mine", Spent: 1}}, hour.Operations)
	require.Equal(t, "backfill", hour.Lanes[0].Name)
	require.Equal(t, "github_secondary_limit", got[0].Holds[0].Limit)
	require.Contains(t, got[0].Holds[0].Reason, "slow down")
	require.Equal(t, "github_points_per_minute", got[0].Windows[0].Limit)
	require.Equal(t, connection.Budget{Account: "anonymous@api.github.com", Connections: []string{"b"}}, got[1])

	away := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, away.Close()) })
	_, err = (&budgets{connections: own, redis: away}).Budgets(t.Context(), "mine")
	require.Equal(t, operation.CodeUnavailable, operation.CodeOf(err))
}
