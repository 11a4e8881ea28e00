package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/credential"
)

// seat is a person's machine.
type seat struct {
	t   *testing.T
	dir string
	env []string
}

func newSeat(t *testing.T, s *served) *seat {
	t.Helper()
	dir := t.TempDir()
	return &seat{t: t, dir: dir, env: []string{"HOLDFAST_API_URL=" + s.url, "XDG_CONFIG_HOME=" + dir}}
}

func (s *seat) run(args ...string) string {
	s.t.Helper()
	stdout, stderr, err := holdfast(s.t, s.env, args...)
	require.NoError(s.t, err, stderr)
	return stdout
}

func (s *seat) login(code string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "code")
	require.NoError(s.t, os.WriteFile(file, []byte(code), 0o600))
	var said struct{ Subject, Role string }
	require.NoError(s.t, json.Unmarshal([]byte(s.run("login", "--json", "--code-file", file)), &said))
	require.NotEmpty(s.t, said.Subject)
}

// age has the access token that is kept be one that expires now.
func (s *seat) age() credential.Session {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "holdfast", "session-*.json"))
	require.NoError(s.t, err)
	require.Len(s.t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(s.t, err)
	var kept credential.Session
	require.NoError(s.t, json.Unmarshal(raw, &kept))
	before := kept
	kept.ExpiresAt = time.Now()
	raw, err = json.Marshal(kept)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(files[0], raw, 0o600))
	return before
}

func TestAPersonWorksByASession(t *testing.T) {
	t.Parallel()
	api := serve(t)
	admin, ada := newSeat(t, api), newSeat(t, api)
	admin.env = append(admin.env, "HOLDFAST_TOKEN="+api.ours)
	_, _, err := holdfast(t, ada.env, "me")
	require.ErrorContains(t, err, "`holdfast login`")

	code := admin.run("members", "add", "ada", "--role", "operator", "--name", "Ada")
	require.True(t, strings.HasPrefix(code, "hfi_"), "nothing but the code")
	ada.login(code)
	require.Contains(t, ada.run("me"), "operator")
	require.Contains(t, ada.run("me", "--json"), `"kind": "session"`)

	// Commands that run at once renew the session once, so that it goes on.
	before := ada.age()
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() { _, _, errs[i] = holdfast(t, ada.env, "me") })
	}
	wait.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.NotEqual(t, before.RefreshToken, ada.age().RefreshToken)

	require.Contains(t, admin.run("members", "change", "Ada", "--role", "reader", "--repositories", "octo/*"), "octo/*")
	require.Contains(t, ada.run("me"), "octo/*", "it holds at once")
	require.Contains(t, admin.run("members", "change", "ada", "--all-repositories", "--json"), `"repositories": []`)
	require.Contains(t, admin.run("members", "list"), "Ada")
	require.Contains(t, admin.run("members", "list", "--json"), `"login": "ada"`)
	_, _, err = holdfast(t, admin.env, "members", "change", "ada")
	require.ErrorContains(t, err, "at least one of the flags")
	_, _, err = holdfast(t, admin.env, "members", "remove", "nobody")
	require.ErrorContains(t, err, `there is no member "nobody"`)

	ada.run("logout")
	_, _, err = holdfast(t, ada.env, "me")
	require.ErrorContains(t, err, "HOLDFAST_TOKEN must be set")
	_, _, err = holdfast(t, ada.env, "logout")
	require.ErrorIs(t, err, credential.ErrNone)
	ada.login(admin.run("members", "invite", "ada"))
	require.Contains(t, admin.run("members", "remove", "ada", "--json"), "removed")
	_, _, err = holdfast(t, ada.env, "me")
	require.Equal(t, exitRefused, exitStatus(err))
	ada.age()
	_, _, err = holdfast(t, ada.env, "me")
	require.ErrorContains(t, err, "sign in again with `holdfast login`")
	require.Equal(t, exitRefused, exitStatus(err))
	_, _, err = holdfast(t, ada.env, "me")
	require.ErrorContains(t, err, "HOLDFAST_TOKEN must be set", "what is good for nothing is forgotten")
}

// Who has the file of somebody else goes on with the session until that one does: then it ends for both.
func TestAStolenSessionEnds(t *testing.T) {
	t.Parallel()
	api := serve(t)
	admin, ada := newSeat(t, api), newSeat(t, api)
	admin.env = append(admin.env, "HOLDFAST_TOKEN="+api.ours)
	ada.login(admin.run("members", "add", "ada"))
	stolen := ada.age()
	thief := newSeat(t, api)
	require.NoError(t, credential.In(filepath.Join(thief.dir, "holdfast"), api.url, time.Now).Save(credential.Session{RefreshToken: stolen.RefreshToken}))
	require.Contains(t, thief.run("me"), "ada")
	_, _, err := holdfast(t, ada.env, "me")
	require.ErrorContains(t, err, "was used before")
	_, _, err = holdfast(t, thief.env, "me")
	require.Equal(t, exitRefused, exitStatus(err))
	require.Contains(t, admin.run("audit", "--json"), "A refresh token of ada was used a second time")
}

func TestAWorkspaceIsMadeByACommand(t *testing.T) {
	t.Parallel()
	api := serve(t)
	admin, root := newSeat(t, api), newSeat(t, api)
	admin.env = append(admin.env, "HOLDFAST_TOKEN="+api.ours)
	root.login(admin.run("workspaces", "create", "corp", "--admin", "root", "--admin-email", "root@example.com"))
	require.Contains(t, admin.run("workspaces", "list"), "corp")
	require.Contains(t, admin.run("workspaces", "list", "--json"), `"name": "corp"`)
	require.Contains(t, root.run("members", "list"), "root")
	_, _, err := holdfast(t, root.env, "workspaces", "list")
	require.Equal(t, exitRefused, exitStatus(err))
	require.Contains(t, admin.run("workspaces", "create", "other", "--admin", "root", "--json"), `"code": "hfi_`)
}

func TestLoginWithoutACode(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for says, file := range map[string]string{"there is no code to read": empty, "no such file": empty + "x"} {
		_, _, err := holdfast(t, []string{"XDG_CONFIG_HOME=" + t.TempDir()}, "login", "--code-file", file)
		require.ErrorContains(t, err, says)
		require.Equal(t, exitUsage, exitStatus(err))
	}
}
