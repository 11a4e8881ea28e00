package store_test

import (
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func newMember(login string) operation.NewMember {
	return operation.NewMember{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Login: login, Name: "Name of " + login,
		Role: "operator", Repositories: operation.Patterns{"octo/*"}, CreatedBy: "me",
	}
}

func (b *bundle) member(login string) operation.Member {
	b.t.Helper()
	m, err := b.AddMember(b.t.Context(), newMember(login))
	require.NoError(b.t, err)
	return m
}

func (b *bundle) invite(m operation.Member, code string, validFor time.Duration) {
	b.t.Helper()
	_, err := b.InviteMember(b.t.Context(), operation.Invitation{WorkspaceID: m.WorkspaceID, MemberID: m.ID, Hash: digest(code), CreatedBy: "me", ValidFor: validFor})
	require.NoError(b.t, err)
}

// signIn begins a session whose first refresh token is "1".
func (b *bundle) signIn(m operation.Member) operation.Exchange {
	b.t.Helper()
	b.invite(m, "code", time.Hour)
	e, ok, err := b.AcceptInvitation(b.t.Context(), digest("code"), uuid.NewString(), digest("1"))
	require.NoError(b.t, err)
	require.True(b.t, ok)
	require.False(b.t, e.Refused())
	return e
}

func TestALoginIsOnePerson(t *testing.T) {
	b := setup(t)
	ada := b.member("Ada")
	require.Equal(t, "Name of Ada", ada.Name)
	require.Equal(t, operation.Patterns{"octo/*"}, ada.Repositories)
	_, err := b.AddMember(t.Context(), newMember("ada"))
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	var other string
	require.NoError(t, b.pool.QueryRow(t.Context(), `insert into workspaces (id, name) values (gen_random_uuid(), 'other') returning id`).Scan(&other))
	n := newMember("ADA")
	n.WorkspaceID, n.Role = other, "admin"
	there, err := b.AddMember(t.Context(), n)
	require.NoError(t, err)
	require.Equal(t, ada.ID, there.ID)
	require.Equal(t, "Ada", there.Login)
	here, err := b.Member(t.Context(), workspace, ada.ID)
	require.NoError(t, err)
	require.Equal(t, ada, here, "each workspace has its own membership")
	_, err = b.Member(t.Context(), workspace, uuid.NewString())
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	b.exec(`insert into users (id, login) select gen_random_uuid(), 'person-' || n from generate_series(1, 1000) n`)
	b.exec(`insert into memberships (workspace_id, user_id, role, created_by) select $1, id, 'reader', 'me' from users where login like 'person-%'`, workspace)
	_, err = b.AddMember(t.Context(), newMember("late"))
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
}

func TestACodeIsGoodOnce(t *testing.T) {
	b := setup(t)
	ada := b.member("ada")
	b.invite(ada, "first", time.Hour)
	b.invite(ada, "second", time.Hour)
	accept := func(code string) (operation.Exchange, bool) {
		e, ok, err := b.AcceptInvitation(t.Context(), digest(code), uuid.NewString(), digest("refresh of "+code))
		require.NoError(t, err)
		return e, ok
	}
	_, ok := accept("first")
	require.False(t, ok, "a newer one took its place")
	e, ok := accept("second")
	require.True(t, ok)
	require.False(t, e.Refused())
	require.Equal(t, workspace, e.WorkspaceID)
	require.Equal(t, "ada", e.Login)
	require.WithinDuration(t, time.Now().Add(30*24*time.Hour), e.ExpiresAt, time.Hour)
	_, ok = accept("second")
	require.False(t, ok)

	b.invite(ada, "late", -time.Second)
	e, ok = accept("late")
	require.True(t, ok)
	require.True(t, e.Expired)
	b.exec(`update users set disabled_at = now()`)
	b.invite(ada, "of nobody", time.Hour)
	e, _ = accept("of nobody")
	require.True(t, e.Disabled)
	var sessions int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from sessions`).Scan(&sessions))
	require.Equal(t, 1, sessions)
}

func TestARefreshTokenIsGoodOnce(t *testing.T) {
	b := setup(t)
	e := b.signIn(b.member("ada"))
	refresh := func(token, next string) operation.Exchange {
		got, ok, err := b.RefreshSession(t.Context(), digest(token), digest(next))
		require.NoError(t, err)
		require.True(t, ok)
		return got
	}
	for _, step := range [][2]string{{"1", "2"}, {"2", "3"}} {
		got := refresh(step[0], step[1])
		require.False(t, got.Refused())
		require.Equal(t, e.SessionID, got.SessionID)
		require.Equal(t, e.ExpiresAt, got.ExpiresAt, "a session is not prolonged")
	}
	known, ok, err := b.FindSession(t.Context(), workspace, e.SessionID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, operation.KnownSession{Login: "ada", Role: "operator", Repositories: operation.Patterns{"octo/*"}, ExpiresAt: known.ExpiresAt}, known)

	got := refresh("2", "stolen")
	require.True(t, got.Reused)
	require.True(t, got.Ended)
	known, _, err = b.FindSession(t.Context(), workspace, e.SessionID)
	require.NoError(t, err)
	require.True(t, known.Ended)
	got = refresh("2", "again")
	require.True(t, got.Reused)
	require.False(t, got.Ended, "it ends once")
	require.True(t, refresh("3", "4").Revoked, "the last one is good for nothing either")
	_, ok, err = b.RefreshSession(t.Context(), digest("4"), digest("5"))
	require.NoError(t, err)
	require.False(t, ok, "nothing was given for it")
}

// Of many who show the same token at once one is given the next one, and the session ends.
func TestARefreshTokenIsGoodOnceAmongMany(t *testing.T) {
	b := setup(t)
	e := b.signIn(b.member("ada"))
	const many = 8
	var wait sync.WaitGroup
	results := make([]operation.Exchange, many)
	errs := make([]error, many)
	for i := range many {
		wait.Go(func() {
			results[i], _, errs[i] = b.RefreshSession(t.Context(), digest("1"), digest("next "+string(rune('a'+i))))
		})
	}
	wait.Wait()
	given, ended := 0, 0
	for i, r := range results {
		require.NoError(t, errs[i])
		if !r.Reused {
			given++
		}
		if r.Ended {
			ended++
		}
	}
	require.Equal(t, 1, given)
	require.Equal(t, 1, ended)
	known, _, err := b.FindSession(t.Context(), workspace, e.SessionID)
	require.NoError(t, err)
	require.True(t, known.Ended)
}

func TestWhatEndsASession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*bundle, operation.Exchange){
		"signing out": func(b *bundle, _ operation.Exchange) { b.end() },
		"the end of its time": func(b *bundle, _ operation.Exchange) {
			b.exec(`update sessions set expires_at = now() - interval '1 second'`)
		},
		"a person locked out":  func(b *bundle, _ operation.Exchange) { b.exec(`update users set disabled_at = now()`) },
		"a member who is gone": func(b *bundle, e operation.Exchange) { b.exec(`delete from memberships where user_id = $1`, e.UserID) },
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			e := b.signIn(b.member("ada"))
			end(b, e)
			known, ok, err := b.FindSession(t.Context(), workspace, e.SessionID)
			require.NoError(t, err)
			require.True(t, !ok || known.Ended || known.ExpiresAt.Before(time.Now()))
			got, ok, err := b.RefreshSession(t.Context(), digest("1"), digest("2"))
			require.NoError(t, err)
			require.True(t, !ok || got.Refused())
			_, ok, err = b.RefreshSession(t.Context(), digest("2"), digest("3"))
			require.NoError(t, err)
			require.False(t, ok, "nothing was given for it")
		})
	}
}

func (b *bundle) end() {
	b.t.Helper()
	e, ok, err := b.EndSession(b.t.Context(), digest("1"))
	require.NoError(b.t, err)
	require.True(b.t, ok)
	require.Equal(b.t, "ada", e.Login)
	_, ok, err = b.EndSession(b.t.Context(), digest("1"))
	require.NoError(b.t, err)
	require.False(b.t, ok)
}

// Another workspace's token names a session that is not its own.
func TestSessionsOfAnotherWorkspace(t *testing.T) {
	b := setup(t)
	e := b.signIn(b.member("ada"))
	_, ok, err := b.FindSession(t.Context(), uuid.NewString(), e.SessionID)
	require.NoError(t, err)
	require.False(t, ok)
}
