package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func (b *bundle) admin(login string) operation.Member {
	b.t.Helper()
	n := newMember(login)
	n.Role, n.Repositories = "admin", nil
	m, err := b.AddMember(b.t.Context(), n)
	require.NoError(b.t, err)
	return m
}

func TestTheLastAdministratorStays(t *testing.T) {
	b := setup(t)
	ada := b.admin("ada")
	partial := newMember("partial")
	partial.Role = "admin"
	_, err := b.AddMember(t.Context(), partial)
	require.NoError(t, err)
	reader, octo := "reader", []string{"octo/*"}
	change := func(m operation.Member, c operation.MemberChange) error {
		_, err := b.ChangeMember(t.Context(), workspace, m.ID, c)
		return err
	}
	for _, c := range []operation.MemberChange{{Role: &reader}, {Repositories: &octo}} {
		require.Equal(t, operation.CodeConflict, operation.CodeOf(change(ada, c)), "who sees a part only cannot let others in")
	}
	_, err = b.RemoveMember(t.Context(), workspace, ada.ID)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	bob := b.admin("bob")
	b.exec(`update users set disabled_at = now() where login = 'bob'`)
	_, err = b.RemoveMember(t.Context(), workspace, ada.ID)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err), "the other one is let in no more")
	b.exec(`update users set disabled_at = null`)

	// Of two who are removed at once one stays.
	var wait sync.WaitGroup
	errs := make([]error, 2)
	for i, m := range []operation.Member{ada, bob} {
		wait.Go(func() { _, errs[i] = b.RemoveMember(t.Context(), workspace, m.ID) })
	}
	wait.Wait()
	refused := 0
	for _, err := range errs {
		if err != nil {
			require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
			refused++
		}
	}
	require.Equal(t, 1, refused)
}

func TestAMemberIsChangedAsItWasSeen(t *testing.T) {
	b := setup(t)
	ada, operator, octo := b.member("ada"), "reader", []string{"octo/x"}
	after, err := b.ChangeMember(t.Context(), workspace, ada.ID, operation.MemberChange{Role: &operator, IfUpdatedAt: &ada.UpdatedAt})
	require.NoError(t, err)
	require.Equal(t, "reader", after.Role)
	require.Equal(t, ada.Repositories, after.Repositories)
	_, err = b.ChangeMember(t.Context(), workspace, ada.ID, operation.MemberChange{Repositories: &octo, IfUpdatedAt: &ada.UpdatedAt})
	require.Equal(t, operation.CodeChanged, operation.CodeOf(err))
	_, err = b.ChangeMember(t.Context(), workspace, uuid.NewString(), operation.MemberChange{})
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	b.member("Aaron")
	all, err := b.Members(t.Context(), workspace)
	require.NoError(t, err)
	require.Equal(t, []string{"Aaron", "ada"}, []string{all[0].Login, all[1].Login})
}

func TestWhoIsAMemberNowhereIsForgotten(t *testing.T) {
	b := setup(t)
	ada := b.member("ada")
	e := b.signIn(ada)
	w, there, err := b.CreateWorkspace(t.Context(), newWorkspace("other", "ada"))
	require.NoError(t, err)
	require.Equal(t, ada.ID, there.ID)
	people := func() (n int) {
		require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from users where id = $1`, ada.ID).Scan(&n))
		return n
	}
	_, err = b.RemoveMember(t.Context(), workspace, ada.ID)
	require.NoError(t, err)
	require.Equal(t, 1, people(), "another workspace lets her in")
	_, ok, err := b.FindSession(t.Context(), workspace, e.SessionID)
	require.NoError(t, err)
	require.False(t, ok)
	eve := newMember("eve")
	eve.WorkspaceID, eve.Role, eve.Repositories = w.ID, "admin", nil
	_, err = b.AddMember(t.Context(), eve)
	require.NoError(t, err)
	_, err = b.RemoveMember(t.Context(), w.ID, ada.ID)
	require.NoError(t, err)
	require.Zero(t, people())
	_, err = b.RemoveMember(t.Context(), w.ID, ada.ID)
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
}

func TestSessionsOfAMemberAreEnded(t *testing.T) {
	b := setup(t)
	ada, grace := b.member("ada"), b.member("grace")
	e := b.signIn(ada)
	b.invite(ada, "unused", time.Hour)
	require.NoError(t, b.EndSessions(t.Context(), workspace, grace.ID))
	list, err := b.MemberSessions(t.Context(), workspace, ada.ID)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "invitation", list[0].Method)
	require.Nil(t, list[0].RevokedAt)
	require.NoError(t, b.EndSessions(t.Context(), workspace, ada.ID))
	list, err = b.MemberSessions(t.Context(), workspace, ada.ID)
	require.NoError(t, err)
	require.Equal(t, "ended_by_admin", list[0].RevokedReason)
	known, _, err := b.FindSession(t.Context(), workspace, e.SessionID)
	require.NoError(t, err)
	require.True(t, known.Ended)
	_, ok, err := b.AcceptInvitation(t.Context(), digest("unused"), uuid.NewString(), digest("x"))
	require.NoError(t, err)
	require.False(t, ok)
	_, err = b.MemberSessions(t.Context(), workspace, uuid.NewString())
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(b.EndSessions(t.Context(), workspace, uuid.NewString())))
}

func newWorkspace(name, login string) operation.NewWorkspace {
	id := uuid.Must(uuid.NewV7()).String()
	admin := newMember(login)
	admin.WorkspaceID, admin.Role, admin.Repositories = id, "admin", nil
	return operation.NewWorkspace{
		ID: id, Name: name, Admin: admin, Invitation: operation.Invitation{WorkspaceID: id, Hash: digest("code of " + name), CreatedBy: "me", ValidFor: time.Hour},
	}
}

func TestAWorkspaceHasAnAdministrator(t *testing.T) {
	b := setup(t)
	w, admin, err := b.CreateWorkspace(t.Context(), newWorkspace("corp", "root"))
	require.NoError(t, err)
	require.Equal(t, "corp", w.Name)
	require.Equal(t, "admin", admin.Role)
	_, _, err = b.CreateWorkspace(t.Context(), newWorkspace("corp", "other"))
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	all, err := b.Workspaces(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"corp", "default"}, []string{all[0].Name, all[1].Name})
	e, ok, err := b.AcceptInvitation(t.Context(), digest("code of corp"), uuid.NewString(), digest("1"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, w.ID, e.WorkspaceID)
	b.exec(`insert into workspaces (id, name) select gen_random_uuid(), 'w' || n from generate_series(1, 998) n`)
	_, _, err = b.CreateWorkspace(t.Context(), newWorkspace("one-too-many", "root"))
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
}

func TestExpiredSessionsAreDeleted(t *testing.T) {
	b := setup(t)
	old := b.signIn(b.member("ada"))
	b.exec(`update sessions set expires_at = now() - interval '25 hours'`)
	b.invite(b.member("late"), "late", -25*time.Hour)
	b.invite(b.member("eve"), "fresh", time.Hour)
	n, err := b.DeleteSessions(t.Context(), 10)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	_, ok, err := b.FindSession(t.Context(), workspace, old.SessionID)
	require.NoError(t, err)
	require.False(t, ok)
	var left int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select (select count(*) from refresh_tokens) + (select count(*) from invitations)`).Scan(&left))
	require.Equal(t, 1, left, "the code that is good")
	n, err = b.DeleteSessions(t.Context(), 10)
	require.NoError(t, err)
	require.Zero(t, n)
}
