package e2e_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/leak"
	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/operation"
)

// overheard are the credentials that GitHub was shown: tokens that were minted and the
// App's own among them.
type overheard struct {
	mu  sync.Mutex
	all map[string]string
}

func (o *overheard) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
			o.mu.Lock()
			o.all["shown "+token] = token
			o.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// tape keeps all that a client is answered.
type tape struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *tape) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(&c.text, "%s %s\n%v\n%s\n", req.Method, req.URL, resp.Header, body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// secretRun is a run in which every kind of secret is used, and refused.
type secretRun struct {
	*world
	heard   *overheard
	answers *tape
	otlp    *receiver
	sentry  *sentryTape
	secrets map[string]string
	ids     map[string]string // of the connections, by name
	worker  *localservice.Process
}

// sentryTape is a Sentry that keeps what it is sent.
type sentryTape struct{ tape }

func newSentryTape(t *testing.T) (*sentryTape, string) {
	t.Helper()
	s := new(sentryTape)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read what Sentry is sent: %v", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.text.Write(body)
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(server.Close)
	return s, strings.Replace(server.URL, "http://", "http://public@", 1) + "/1"
}

func newPrivateKey(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func setupSecrets(t *testing.T) *secretRun {
	t.Helper()
	key, keyText := newPrivateKey(t)
	keyset, err := newKeyset(t).Encode()
	require.NoError(t, err)
	r := &secretRun{heard: &overheard{all: map[string]string{}}, answers: new(tape), otlp: newReceiver(t), ids: map[string]string{}}
	var dsn string
	r.sentry, dsn = newSentryTape(t)
	r.secrets = map[string]string{
		"environment's token": "ghp_environment0123456789", "first token": "ghp_first0123456789abcdef", "second token": "github_pat_second0123456789",
		"refused token": "ghp_refused0123456789abcd", "private key": keyText, "webhook secret": "whs-It's a Secret/to+Everybody", "previous webhook secret": "whs-The One Before It",
		"secrets' keyset": keyset, "guess at a signature": "whs-not the secret at all", "signing key": product.NewPrivateKey(), "secret of the sign-in": "0123456789abcdef-oauth",
	}
	scopes := []string{"repo", "read:org"}
	r.world = setup(t, options{
		items: 300, before: r.heard.before,
		simulator: githubsim.Options{
			Users: []githubsim.User{
				{Login: "env", ID: 11, Tokens: []githubsim.Token{{Value: r.secrets["environment's token"], Scopes: scopes}}},
				{Login: "ada", ID: 12, Tokens: []githubsim.Token{{Value: r.secrets["first token"], Scopes: scopes}, {Value: r.secrets["second token"], Scopes: scopes}}},
			},
			Apps: []githubsim.App{{ID: 7, PublicKey: &key.PublicKey, Installations: []githubsim.Installation{{
				ID: 70, Account: "harborline", Permissions: map[string]string{
					"issues": "read", "pull_requests": "read", "contents": "read", "actions": "read", "checks": "read", "deployments": "read", "statuses": "read", "discussions": "read",
				},
			}}}},
		},
		env: []string{
			"GITHUB_TOKEN=" + r.secrets["environment's token"], "HOLDFAST_SECRETS_KEYSET=" + keyset, "SENTRY_DSN=" + dsn, "HOLDFAST_LOG_LEVEL=debug",
			"OTEL_EXPORTER_OTLP_ENDPOINT=" + r.otlp.url, "OTEL_BSP_SCHEDULE_DELAY=100", "HOLDFAST_GITHUB_TIME_SCALE=0.02",
			"HOLDFAST_JWT_PRIVATE_KEY=" + r.secrets["signing key"],
			"HOLDFAST_SIGN_IN_CLIENT_ID=Iv1.holdfast", "HOLDFAST_SIGN_IN_CLIENT_SECRET=" + r.secrets["secret of the sign-in"],
			"HOLDFAST_SIGN_IN_CALLBACK=http://localhost:8080/v1/sign-in/github/callback",
		},
	})
	database, err := url.Parse(r.databaseURL)
	require.NoError(t, err)
	r.secrets["database password"], _ = database.User.Password()
	token, err := r.product.Token(t.Context(), "admin")
	require.NoError(t, err)
	r.secrets["admin's token"] = token
	r.client, err = client.New(r.api.URL, token, &http.Client{Transport: r.answers})
	require.NoError(t, err)
	return r
}

func ptr[T any](v T) *T { return &v }

// connect makes the connections, and one that GitHub refuses.
func (r *secretRun) connect() {
	t := r.t
	t.Helper()
	secret, previous := r.secrets["webhook secret"], r.secrets["previous webhook secret"]
	for _, request := range []client.ConnectionRequest{
		{Name: ptr("token"), Token: r.secrets["first token"], Repositories: &[]string{r.repo.FullName()}, Webhook: &client.WebhookRequest{Secret: &secret, PreviousSecret: &previous}},
		{Name: ptr("app"), App: &client.AppRequest{ID: 7, InstallationID: 70, PrivateKey: r.secrets["private key"]}, Repositories: &[]string{"harborline/second"}},
	} {
		made, err := r.client.CreateConnection(t.Context(), request)
		require.NoError(t, err)
		r.ids[*request.Name] = made.ID
		check, err := r.client.CheckConnection(t.Context(), made.ID)
		require.NoError(t, err)
		require.Equal(t, "ok", check.State, "%+v", check)
	}
	// Whoever makes a key is shown it: that answer is not kept.
	plain, err := client.New(r.api.URL, r.secrets["admin's token"], nil)
	require.NoError(t, err)
	key, err := plain.CreateKey(t.Context(), client.KeyRequest{Name: "reader", Role: "reader"})
	require.NoError(t, err)
	r.secrets["key of the API"] = key.Secret
	keyed, err := client.New(r.api.URL, key.Secret, &http.Client{Transport: r.answers})
	require.NoError(t, err)
	_, err = keyed.Connections(t.Context())
	require.NoError(t, err)
	_, err = r.client.Keys(t.Context())
	require.NoError(t, err)

	_, err = r.client.CreateConnection(t.Context(), client.ConnectionRequest{Name: ptr("refused"), Token: r.secrets["refused token"]})
	require.ErrorContains(t, err, "does not accept")
	_, err = r.client.CreateConnection(t.Context(), client.ConnectionRequest{Name: ptr("Not a Name"), Token: r.secrets["refused token"], App: &client.AppRequest{PrivateKey: r.secrets["private key"][:200]}})
	require.Error(t, err)
}

// use has all of the secrets used, in syncs that succeed, fail and wait.
func (r *secretRun) use() {
	t := r.t
	t.Helper()
	second := githubsim.Generate(2, githubsim.Spec{Owner: "harborline", Name: "second", Issues: 30, Pulls: 3, Commits: 10})
	r.sim.Add(second)
	r.worker = r.startWorker()
	r.sim.SetFaults(githubsim.FaultPlan{Seed: 1, Faults: []githubsim.Fault{
		{Kind: githubsim.FaultStatus, Status: http.StatusBadGateway, Probability: 0.1, Times: 5},
		{Kind: githubsim.FaultReset, Probability: 0.1, Times: 3},
		{Kind: githubsim.FaultSecondaryLimit, From: 20, Times: 1},
	}})
	for _, of := range []string{r.repo.FullName(), second.FullName()} {
		op, err := r.client.StartSync(t.Context(), client.SyncRequest{Repository: of})
		require.NoError(t, err)
		r.requireSucceeded(r.awaitEnd(op.ID))
	}
	failed, err := r.client.StartSync(t.Context(), client.SyncRequest{Repository: "harborline/nothing"})
	require.NoError(t, err)
	require.Equal(t, operation.StateFailed, r.awaitEnd(failed.ID).State)

	// The credential is revoked, and exchanged while an operation waits for it.
	r.sim.RevokeToken(r.secrets["first token"])
	r.sim.RevokeToken(r.secrets["environment's token"])
	op := r.startSync()
	require.Eventually(t, func() bool {
		got, err := r.client.Operation(t.Context(), op.ID)
		require.NoError(t, err)
		return got.Waiting != nil && got.Waiting.For == "github_credential"
	}, syncTimeout, 20*time.Millisecond)
	_, err = r.client.ChangeConnection(t.Context(), r.ids["token"], client.ConnectionRequest{Token: r.secrets["second token"]})
	require.NoError(t, err)
	r.requireSucceeded(r.awaitEnd(op.ID))

	for _, of := range []string{"webhook secret", "previous webhook secret", "guess at a signature"} {
		hook := r.sim.AddHook(githubsim.HookOptions{Of: r.repo.FullName(), URL: r.api.URL + "/v1/webhooks/" + r.ids["token"], Secret: r.secrets[of], Events: []string{"issues"}})
		require.NoError(t, r.repo.EditIssue(r.numbers(1)[0], githubsim.IssueEdit{Title: ptr("signed with the " + of), By: "ada"}))
		hook.Wait()
		failed := 0
		if of == "guess at a signature" {
			failed = 1
		}
		require.Equal(t, failed, hook.Failed(), of)
		hook.Close()
	}
	_, err = r.client.Budgets(t.Context())
	require.NoError(t, err)
	_, err = r.client.Connections(t.Context())
	require.NoError(t, err)
	_, _, err = r.client.Operations(t.Context(), operation.Filter{Limit: 100})
	require.NoError(t, err)
	// What goes wrong inside is logged, and reported.
	_, err = r.pool.Exec(t.Context(), `alter table operation_collections rename to gone`)
	require.NoError(t, err)
	_, err = r.client.Operation(t.Context(), op.ID)
	require.ErrorContains(t, err, "500")
}

// Nothing that a run leaves behind holds any of its secrets, in any form.
func TestNoSecretIsLeftBehind(t *testing.T) {
	t.Parallel()
	r := setupSecrets(t)
	r.connect()
	r.letIn()
	r.use()
	require.Eventually(t, func() bool {
		r.sentry.mu.Lock()
		defer r.sentry.mu.Unlock()
		return r.sentry.text.Len() > 0
	}, time.Minute, 50*time.Millisecond)
	for name, process := range map[string]*localservice.Process{"api": r.api.Process, "worker-1": r.worker} {
		url, err := r.product.MetricsURL(t.Context(), name, process)
		require.NoError(t, err)
		_, text := get(t, url+"/metrics")
		r.answers.text.WriteString(text)
	}
	maps.Copy(r.secrets, r.heard.all)
	require.Greater(t, len(r.heard.all), 5, "the tokens, the App's, and those that were minted for it")
	finder, err := leak.New(r.secrets)
	require.NoError(t, err)
	for name, value := range r.secrets {
		require.Contains(t, finder.Find([]byte("a leak: "+value)), name, "it would be found")
	}
	for where, left := range r.left() {
		require.Contains(t, string(left.text), left.holds, "%s do not hold what they should", where)
		require.Empty(t, finder.Find(left.text), "secrets in %s", where)
	}
}
