package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// enter signs a person in, and says whether somebody was let in.
func (b *bundle) enter(person operation.Person, workspaceID, refresh string) (operation.Exchange, bool) {
	b.t.Helper()
	e, ok, err := b.SignIn(b.t.Context(), person, workspaceID, uuid.NewString(), digest(refresh))
	require.NoError(b.t, err)
	return e, ok
}

func TestAMemberIsBoundToTheAccountThatSignsInFirst(t *testing.T) {
	b := setup(t)
	ada := b.member("ada")
	_, ok := b.enter(operation.Person{GitHubID: 1, Login: "mallory"}, "", "r0")
	require.False(t, ok, "nobody has let that one in")
	e, ok := b.enter(operation.Person{GitHubID: 4711, Login: "Ada", Name: "Ada L.", Email: "ada@example.com"}, "", "r1")
	require.True(t, ok)
	require.False(t, e.Refused())
	require.Equal(t, ada.ID, e.UserID)
	require.Equal(t, "operator", e.Role)
	require.Equal(t, workspace, e.WorkspaceID)
	known, ok, err := b.FindSession(t.Context(), workspace, e.SessionID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "ada", known.Login)
	next, ok, err := b.RefreshSession(t.Context(), digest("r1"), digest("r2"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, e.SessionID, next.SessionID)

	bound, err := b.Member(t.Context(), workspace, ada.ID)
	require.NoError(t, err)
	require.Equal(t, int64(4711), *bound.GitHubID)
	require.Equal(t, "Name of ada", bound.Name, "what the admin said stays")
	require.Equal(t, "ada@example.com", bound.Email)

	_, ok = b.enter(operation.Person{GitHubID: 666, Login: "ada"}, "", "r3")
	require.False(t, ok, "somebody else has the login now")
	e, ok = b.enter(operation.Person{GitHubID: 4711, Login: "ada-lovelace"}, workspace, "r4")
	require.True(t, ok, "the account was renamed")
	require.Equal(t, "ada", e.Login)
}

func TestAnAccountIsOnePerson(t *testing.T) {
	b := setup(t)
	b.member("ada")
	b.member("grace")
	_, ok := b.enter(operation.Person{GitHubID: 4711, Login: "ada"}, "", "r1")
	require.True(t, ok)
	e, ok := b.enter(operation.Person{GitHubID: 4711, Login: "grace"}, "", "r2")
	require.True(t, ok)
	require.Equal(t, "ada", e.Login, "the account is ada's, whatever it is called now")
}

func TestWhichWorkspaceIsEntered(t *testing.T) {
	b := setup(t)
	b.member("ada")
	var other string
	require.NoError(t, b.pool.QueryRow(t.Context(), `insert into workspaces (id, name) values (gen_random_uuid(), 'other') returning id`).Scan(&other))
	n := newMember("ada")
	n.WorkspaceID, n.Role = other, "reader"
	_, err := b.AddMember(t.Context(), n)
	require.NoError(t, err)
	person := operation.Person{GitHubID: 4711, Login: "ada"}
	e, ok := b.enter(person, "", "r1")
	require.True(t, ok)
	require.Equal(t, workspace, e.WorkspaceID, "the one that let the person in first")
	e, ok = b.enter(person, other, "r2")
	require.True(t, ok)
	require.Equal(t, other, e.WorkspaceID)
	require.Equal(t, "reader", e.Role)
	_, ok = b.enter(person, uuid.NewString(), "r3")
	require.False(t, ok)

	_, err = b.pool.Exec(t.Context(), `update users set disabled_at = now()`)
	require.NoError(t, err)
	e, ok = b.enter(person, "", "r4")
	require.True(t, ok)
	require.True(t, e.Refused())
	_, ok, err = b.RefreshSession(t.Context(), digest("r4"), digest("r5"))
	require.NoError(t, err)
	require.False(t, ok, "no session was begun")
}
