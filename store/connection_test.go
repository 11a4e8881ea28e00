package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/operation"
	keys "github.com/holdfast/holdfast/internal/secret"
	"github.com/holdfast/holdfast/store"
)

// kept is a store of connections with a keyset.
type kept struct {
	*bundle
	keys  *keys.Keyset
	all   *store.Connections
	creds *store.Credentials
}

func setupConnections(t *testing.T) *kept {
	t.Helper()
	set, err := keys.New()
	require.NoError(t, err)
	k := &kept{bundle: setup(t), keys: set}
	k.use(set)
	return k
}

// otherWorkspace makes another workspace.
func (k *kept) otherWorkspace() (id string) {
	k.t.Helper()
	require.NoError(k.t, k.pool.QueryRow(k.t.Context(), `insert into workspaces (id, name) values (gen_random_uuid(), 'other') returning id`).Scan(&id))
	return id
}

func (k *kept) use(set *keys.Keyset) {
	k.all = &store.Connections{Store: k.bundle.Store, Sealer: set}
	k.creds = &store.Credentials{Store: k.bundle.Store, Sealer: set, Now: time.Now}
}

func (k *kept) create(name string, change func(*connection.New)) connection.Connection {
	k.t.Helper()
	n := connection.New{
		ID: uuid.NewString(), WorkspaceID: config.DefaultWorkspace, Name: name, Kind: connection.KindToken, BaseURL: "https://api.github.com/",
		Secrets: connection.Secrets{Token: secret},
	}
	if change != nil {
		change(&n)
	}
	made, err := k.all.CreateConnection(k.t.Context(), n)
	require.NoError(k.t, err)
	return made
}

func (k *kept) held(id string) connection.Held {
	k.t.Helper()
	list, err := k.creds.Connections(k.t.Context(), config.DefaultWorkspace)
	require.NoError(k.t, err)
	for _, h := range list {
		if h.ID == id {
			return h
		}
	}
	require.Fail(k.t, "it is not listed", id)
	return connection.Held{}
}

func TestAConnectionKeepsItsSecretsSealed(t *testing.T) {
	k := setupConnections(t)
	app := k.create("app", func(n *connection.New) {
		n.Kind, n.AppID, n.InstallationID, n.Hook = connection.KindApp, 7, 8, "orgs/octo/hooks/1"
		n.Repositories, n.Reserve, n.InFlight = []string{"octo/*"}, connection.Reserve{Percent: 30}, 5
		n.Secrets = connection.Secrets{PrivateKey: secret + "-key", WebhookSecret: secret + "-hook"}
	})
	require.Equal(t, connection.StateUnchecked, app.State)
	require.Equal(t, connection.Webhook{Hook: "orgs/octo/hooks/1", HasSecret: true}, app.Webhook)
	read, err := k.all.Connection(t.Context(), config.DefaultWorkspace, app.ID)
	require.NoError(t, err)
	require.Equal(t, app, read)
	held := k.held(app.ID)
	require.Equal(t, app, held.Connection)
	require.Equal(t, connection.Secrets{PrivateKey: secret + "-key", WebhookSecret: secret + "-hook"}, held.Secrets)
	require.Empty(t, k.found(), "nothing of it is readable in any table")

	_, err = k.pool.Exec(t.Context(), `update connection_secrets a set sealed = b.sealed from connection_secrets b
		where a.connection_id = b.connection_id and a.field = 'private_key' and b.field = 'webhook_secret'`)
	require.NoError(t, err)
	require.Contains(t, k.held(app.ID).Unreadable, "HOLDFAST_SECRETS_KEYSET", "a secret cannot stand in another's place")
	k.use(nil)
	k.creds.Sealer, k.all.Sealer = nil, nil
	require.Contains(t, k.held(app.ID).Unreadable, "secrets-keyset new")
	_, err = k.all.CreateConnection(t.Context(), connection.New{WorkspaceID: config.DefaultWorkspace, Name: "b", Kind: connection.KindToken, Secrets: held.Secrets})
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
}

func TestConnectionsAreOfTheirWorkspace(t *testing.T) {
	k := setupConnections(t)
	mine, other := k.create("a", nil), k.otherWorkspace()
	_, err := k.all.Connection(t.Context(), other, mine.ID)
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	_, err = k.all.ChangeConnection(t.Context(), other, mine.ID, connection.Change{})
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(k.all.DeleteConnection(t.Context(), other, mine.ID)))
	list, err := k.all.Connections(t.Context(), other)
	require.NoError(t, err)
	require.Empty(t, list)
	held, err := k.creds.Connections(t.Context(), other)
	require.NoError(t, err)
	require.Empty(t, held)
	k.create("a", func(n *connection.New) { n.WorkspaceID, n.BaseURL = other, "https://ghe.example.com/api/v3/" })
}

func TestWhatAWorkspaceCannotHave(t *testing.T) {
	k := setupConnections(t)
	k.create("a", nil)
	for _, c := range []struct{ name, url, says string }{
		{"a", "https://api.github.com/", "of this name"},
		{"b", "https://ghe.example.com/api/v3/", "mirrors https://api.github.com/"},
	} {
		_, err := k.all.CreateConnection(t.Context(), connection.New{
			WorkspaceID: config.DefaultWorkspace, Name: c.name, Kind: connection.KindToken, BaseURL: c.url, Secrets: connection.Secrets{Token: "t"},
		})
		require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
		require.ErrorContains(t, err, c.says)
	}
	b, taken := k.create("b", nil), "a"
	_, err := k.all.ChangeConnection(t.Context(), config.DefaultWorkspace, b.ID, connection.Change{Name: &taken})
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
}

// A token may name a workspace that there is not.
func TestNoConnectionIsMadeInNoWorkspace(t *testing.T) {
	k := setupConnections(t)
	n := connection.New{
		ID: uuid.NewString(), WorkspaceID: uuid.NewString(), Name: "a", Kind: connection.KindToken, BaseURL: "https://api.github.com/",
		Secrets: connection.Secrets{Token: secret},
	}
	_, err := k.all.CreateConnection(t.Context(), n)
	require.ErrorIs(t, err, store.ErrNoWorkspace)
	require.Equal(t, operation.CodeForbidden, operation.CodeOf(err))
}

// Whoever is second is told so, however close they come.
func TestOfTwoThatTakeANameOneHasIt(t *testing.T) {
	k := setupConnections(t)
	const many = 8
	ids := make([]string, many)
	for i := range ids {
		ids[i] = k.create(fmt.Sprintf("c%d", i), nil).ID
	}
	var group sync.WaitGroup
	codes := make([]operation.Code, many)
	for i, id := range ids {
		group.Go(func() {
			name := "wanted"
			_, err := k.all.ChangeConnection(t.Context(), config.DefaultWorkspace, id, connection.Change{Name: &name})
			codes[i] = operation.CodeOf(err)
		})
	}
	group.Wait()
	slices.Sort(codes)
	require.Equal(t, append([]operation.Code{""}, slices.Repeat([]operation.Code{operation.CodeConflict}, many-1)...), codes)
}

func TestAChangeOfTheCredentialHasItCheckedAnew(t *testing.T) {
	k := setupConnections(t)
	ctx, made := t.Context(), k.create("a", func(n *connection.New) {
		n.Secrets.WebhookSecret, n.Secrets.PreviousWebhookSecret = "w", "p"
	})
	change := func(c connection.Change) connection.Connection {
		changed, err := k.all.ChangeConnection(ctx, config.DefaultWorkspace, made.ID, c)
		require.NoError(t, err)
		return changed
	}
	require.NoError(t, k.creds.Accept(ctx, made.ID, made.Version, "user:1@api.github.com", "octo"))
	five, off, on := 5, true, false
	got := change(connection.Change{InFlight: &five, Repositories: &[]string{"o/*"}, WithoutPreviousWebhookSecret: true})
	require.Equal(t, connection.StateOK, got.State)
	require.Equal(t, "octo", got.Login)
	require.Equal(t, connection.Secrets{Token: secret, WebhookSecret: "w"}, k.held(made.ID).Secrets)
	require.NoError(t, k.creds.Refuse(ctx, made.ID, made.Version, "old news"))
	require.Equal(t, connection.StateOK, k.held(made.ID).State, "of an earlier version")

	require.NoError(t, k.creds.Refuse(ctx, made.ID, got.Version, "It is revoked."))
	require.Equal(t, "It is revoked.", k.held(made.ID).StateReason)
	got = change(connection.Change{Secrets: connection.Secrets{Token: "new"}, WithoutWebhookSecret: true})
	require.Equal(t, connection.StateUnchecked, got.State)
	require.Empty(t, got.Account+got.Login+got.StateReason)
	require.Equal(t, connection.Secrets{Token: "new"}, k.held(made.ID).Secrets)

	got = change(connection.Change{Disabled: &off})
	require.Equal(t, connection.StateDisabled, got.State)
	require.NoError(t, k.creds.Accept(ctx, made.ID, got.Version, "user:1@api.github.com", "octo"))
	require.NoError(t, k.creds.Refuse(ctx, made.ID, got.Version, "It is revoked."))
	require.Equal(t, connection.StateDisabled, k.held(made.ID).State)
	require.Equal(t, connection.StateUnchecked, change(connection.Change{Disabled: &on}).State)

	require.NoError(t, k.all.DeleteConnection(ctx, config.DefaultWorkspace, made.ID))
	require.Zero(t, k.count(`select count(*) from connection_secrets`))
}

func TestOneOfAllProcessesLooksAgain(t *testing.T) {
	k := setupConnections(t)
	ctx, made := t.Context(), k.create("a", nil)
	require.NoError(t, k.creds.Refuse(ctx, made.ID, made.Version, "It is revoked."))
	mine, err := k.creds.Look(ctx, made.ID, made.Version, time.Hour)
	require.NoError(t, err)
	require.False(t, mine, "it was refused just now")
	_, err = k.pool.Exec(ctx, `update connections set checked_at = now() - interval '1 hour'`)
	require.NoError(t, err)
	var won atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if mine, err := k.creds.Look(ctx, made.ID, made.Version, time.Minute); err == nil && mine {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, won.Load())
}

func TestAllProcessesShareAnInstallationsToken(t *testing.T) {
	k := setupConnections(t)
	made := k.create("app", func(n *connection.New) { n.Kind, n.AppID, n.InstallationID = connection.KindApp, 7, 8 })
	ctx, end := t.Context(), time.Now().Add(time.Hour).Truncate(time.Second)
	var minted atomic.Int32
	renew := func(ctx context.Context) (string, time.Time, error) {
		return fmt.Sprintf("%s-%d", secret, minted.Add(1)), end, ctx.Err()
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			token, expires, err := k.creds.InstallationToken(ctx, made.ID, 8, renew)
			if err != nil || token != secret+"-1" || !expires.Equal(end) {
				t.Error(token, expires, err)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, minted.Load())
	require.Empty(t, k.found())

	require.NoError(t, k.creds.ForgetInstallationToken(ctx, made.ID, end.Add(-time.Second)), "another one")
	_, _, err := k.creds.InstallationToken(ctx, made.ID, 8, renew)
	require.NoError(t, err)
	require.EqualValues(t, 1, minted.Load())
	require.NoError(t, k.creds.ForgetInstallationToken(ctx, made.ID, end))
	token, _, err := k.creds.InstallationToken(ctx, made.ID, 8, renew)
	require.NoError(t, err)
	require.Equal(t, secret+"-2", token)

	k.creds.Now = func() time.Time { return end.Add(-5*time.Minute + time.Second) }
	refused := errors.New("GitHub says no")
	_, _, err = k.creds.InstallationToken(ctx, made.ID, 8, func(context.Context) (string, time.Time, error) { return "", end, refused })
	require.Equal(t, refused, err, "as it is: not an error of the database")
	_, _, err = k.creds.InstallationToken(ctx, "unknown", 8, renew)
	require.ErrorContains(t, err, "no such connection")
}

// A worker that still asks as an App's earlier installation leaves the later one's token
// alone, and is left alone by it.
func TestInstallationsOfAConnectionDoNotShareTokens(t *testing.T) {
	k := setupConnections(t)
	made := k.create("app", func(n *connection.New) { n.Kind, n.AppID, n.InstallationID = connection.KindApp, 7, 8 })
	ask := func(installation int64) string {
		t.Helper()
		token, _, err := k.creds.InstallationToken(t.Context(), made.ID, installation, func(context.Context) (string, time.Time, error) {
			return fmt.Sprintf("of %d", installation), time.Now().Add(time.Hour), nil
		})
		require.NoError(t, err)
		return token
	}
	for _, installation := range []int64{8, 9, 8, 8, 9} {
		require.Equal(t, fmt.Sprintf("of %d", installation), ask(installation))
	}
}

// Whoever asks GitHub for a token may have to wait for it: meanwhile no connection to
// the database is taken, by none of the processes.
func TestARenewalTakesNoConnection(t *testing.T) {
	k := setupConnections(t)
	made := k.create("app", func(n *connection.New) { n.Kind, n.AppID, n.InstallationID = connection.KindApp, 7, 8 })
	began, answer := make(chan struct{}), make(chan struct{})
	resume := sync.OnceFunc(func() { close(answer) })
	defer resume()
	var minted atomic.Int32
	var group sync.WaitGroup
	for range 2 { // workers
		creds := &store.Credentials{Store: k.bundle.Store, Sealer: k.keys, Now: time.Now}
		group.Go(func() {
			token, _, err := creds.InstallationToken(t.Context(), made.ID, 8, func(context.Context) (string, time.Time, error) {
				close(began)
				<-answer
				return fmt.Sprintf("%s-%d", secret, minted.Add(1)), time.Now().Add(time.Hour), nil
			})
			if err != nil || token != secret+"-1" {
				t.Error(token, err)
			}
		})
	}
	<-began
	var open int
	require.NoError(t, k.pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity
		where datname = current_database() and (state = 'idle in transaction' or wait_event_type = 'Lock')`).Scan(&open))
	require.Zero(t, open, "transactions that wait for GitHub")
	resume()
	group.Wait()
	require.EqualValues(t, 1, minted.Load())
}

// A process that ends while it asks GitHub for a token keeps the others waiting no longer
// than its lease, and what comes late is not kept.
func TestALeaseOfATokenEnds(t *testing.T) {
	k := setupConnections(t)
	made := k.create("app", func(n *connection.New) { n.Kind, n.AppID, n.InstallationID = connection.KindApp, 7, 8 })
	ctx := t.Context()
	renew := func(token string) func(context.Context) (string, time.Time, error) {
		return func(context.Context) (string, time.Time, error) { return token, time.Now().Add(time.Hour), nil }
	}
	_, err := k.pool.Exec(ctx, `insert into connection_tokens (connection_id, leased_until) values ($1, now() + interval '300 ms')`, made.ID)
	require.NoError(t, err)
	hasty, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	_, _, err = k.creds.InstallationToken(hasty, made.ID, 8, renew("hasty"))
	cancel()
	require.ErrorIs(t, err, context.DeadlineExceeded)
	token, _, err := k.creds.InstallationToken(ctx, made.ID, 8, renew("second"))
	require.NoError(t, err)
	require.Equal(t, "second", token)

	_, err = k.pool.Exec(ctx, `update connection_tokens set sealed = null, expires_at = null`)
	require.NoError(t, err)
	token, _, err = k.creds.InstallationToken(ctx, made.ID, 8, func(context.Context) (string, time.Time, error) {
		// The credential is replaced meanwhile, and another process has the lease.
		_, err := k.pool.Exec(ctx, `update connection_tokens set leased_until = now() + interval '1 hour'`)
		return "late", time.Now().Add(time.Hour), err
	})
	require.NoError(t, err)
	require.Equal(t, "late", token)
	var kept bool
	require.NoError(t, k.pool.QueryRow(ctx, `select sealed is not null from connection_tokens`).Scan(&kept))
	require.False(t, kept)
}

func TestTheEnvironmentDescribesAConnection(t *testing.T) {
	k := setupConnections(t)
	ctx := t.Context()
	describe := func(token, url string) connection.Held {
		k.creds.Environment = store.Environment{
			ID: config.DefaultConnection, WorkspaceID: config.DefaultWorkspace, BaseURL: url,
			InFlight: 10, Secrets: connection.Secrets{Token: token},
		}
		require.NoError(t, k.creds.Describe(ctx))
		return k.held(config.DefaultConnection)
	}
	first := describe("", "https://api.github.com/")
	require.Equal(t, connection.KindAnonymous, first.Kind)
	with := describe(secret, "https://api.github.com/")
	require.Equal(t, connection.KindToken, with.Kind)
	require.Equal(t, secret, with.Secrets.Token)
	require.NoError(t, k.creds.Accept(ctx, with.ID, with.Version, "user:1@api.github.com", "octo"))
	require.Equal(t, "octo", describe(secret, "https://api.github.com/").Login, "a worker that starts changes nothing")
	require.Empty(t, describe("another", "https://api.github.com/").Login)
	require.Empty(t, k.found())

	_, err := k.all.ChangeConnection(ctx, config.DefaultWorkspace, with.ID, connection.Change{})
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	require.Equal(t, operation.CodeConflict, operation.CodeOf(k.all.DeleteConnection(ctx, config.DefaultWorkspace, with.ID)))
	elsewhere := *k.creds
	elsewhere.Environment = store.Environment{}
	list, err := elsewhere.Connections(ctx, config.DefaultWorkspace)
	require.NoError(t, err)
	require.Contains(t, list[0].Unreadable, "environment of the workers")

	k.create("mine", nil)
	require.Equal(t, connection.StateDisabled, describe("another", "https://ghe.example.com/api/v3/").State)
	k.create("mine too", nil) // what is switched off stands in nobody's way
	require.Equal(t, connection.StateUnchecked, describe("another", "https://api.github.com/").State)
}

func TestSecretsMoveToTheNewKey(t *testing.T) {
	k := setupConnections(t)
	made, old := k.create("a", func(n *connection.New) { n.Secrets.WebhookSecret = "w" }), k.keys
	both, err := old.Add()
	require.NoError(t, err)
	fresh := both.Keys()[1].ID
	promoted, err := both.Promote(fresh)
	require.NoError(t, err)
	k.use(promoted)
	require.Equal(t, secret, k.held(made.ID).Secrets.Token, "old values stay readable")
	resealed, unreadable, err := k.creds.Reseal(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{2, 0}, []int{resealed, unreadable})
	alone, err := promoted.Remove(old.Primary())
	require.NoError(t, err)
	k.use(alone)
	require.Equal(t, connection.Secrets{Token: secret, WebhookSecret: "w"}, k.held(made.ID).Secrets)
	k.use(old)
	resealed, unreadable, err = k.creds.Reseal(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{0, 2}, []int{resealed, unreadable})
}

func TestFindingAConnectionOfAnyWorkspace(t *testing.T) {
	k := setupConnections(t)
	made := k.create("a", nil)
	held, ok, err := k.creds.Find(t.Context(), made.ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, config.DefaultWorkspace, held.WorkspaceID)
	require.Equal(t, secret, held.Secrets.Token)
	_, ok, err = k.creds.Find(t.Context(), strings.Repeat("x", 100))
	require.NoError(t, err)
	require.False(t, ok)
	var printed bytes.Buffer
	fmt.Fprintf(&printed, "%v %+v %#v", held, held, held)
	require.NotContains(t, printed.String(), secret)
}

// Secrets that cannot be read are in nobody's way, however many there are.
func TestResealGoesOnBehindWhatCannotBeRead(t *testing.T) {
	k := setupConnections(t)
	k.exec(`insert into connections (id, workspace_id, name, kind, source, base_url)
		select '00-' || n, $1, 'old-' || n, 'token', 'api', 'https://api.github.com/' from generate_series(100, 150) n`, workspace)
	k.exec(`insert into connection_secrets (connection_id, field, sealed, key_id) select id, f, 'x', 1 from connections, unnest('{token,webhook_secret,previous_webhook_secret}'::text[]) f`)
	made := k.create("mine", nil)
	require.Greater(t, made.ID, "00-150")
	added, err := k.keys.Add()
	require.NoError(t, err)
	promoted, err := added.Promote(added.Keys()[1].ID)
	require.NoError(t, err)
	k.use(promoted)
	resealed, unreadable, err := k.creds.Reseal(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 153}, []int{resealed, unreadable})
}

// Of two who change the same version, the second is told.
func TestAConnectionIsChangedOnceAVersion(t *testing.T) {
	k := setupConnections(t)
	made, name := k.create("a", nil), "b"
	changed, err := k.all.ChangeConnection(t.Context(), config.DefaultWorkspace, made.ID, connection.Change{Name: &name, IfVersion: made.Version})
	require.NoError(t, err)
	_, err = k.all.ChangeConnection(t.Context(), config.DefaultWorkspace, made.ID, connection.Change{Name: &name, IfVersion: made.Version})
	require.Equal(t, operation.CodeChanged, operation.CodeOf(err))
	_, err = k.all.ChangeConnection(t.Context(), config.DefaultWorkspace, made.ID, connection.Change{Name: &name, IfVersion: changed.Version})
	require.NoError(t, err)
}
