package credential_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/credential"
)

const api = "https://holdfast.example.com"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return start }

func session(token string, left time.Duration) credential.Session {
	return credential.Session{URL: api, Subject: "ada", AccessToken: token, ExpiresAt: start.Add(left), RefreshToken: "after " + token}
}

func TestASessionIsKeptForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "holdfast")
	f := credential.In(dir, api, clock)
	_, err := f.Load()
	require.ErrorIs(t, err, credential.ErrNone)
	require.NoError(t, f.Save(session("one", time.Hour)))
	require.NoError(t, f.Save(session("two", time.Hour)))
	got, err := f.Load()
	require.NoError(t, err)
	require.Equal(t, session("two", time.Hour), got)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left behind")
	info, err := files[0].Info()
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	_, err = credential.In(dir, api+"/other", clock).Load()
	require.ErrorIs(t, err, credential.ErrNone, "each API has its own")
	require.NoError(t, f.Delete())
	require.NoError(t, f.Delete())
	_, err = f.Load()
	require.ErrorIs(t, err, credential.ErrNone)
}

func TestATokenIsRenewedOnceByAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, credential.In(dir, api, clock).Save(session("old", 10*time.Second)))
	var mu sync.Mutex
	var renewed []string
	renew := func(_ context.Context, token string) (credential.Session, error) {
		mu.Lock()
		defer mu.Unlock()
		renewed = append(renewed, token)
		return session("new", time.Hour), nil
	}
	var wait sync.WaitGroup
	tokens, errs := make([]string, 8), make([]error, 8)
	for i := range tokens {
		wait.Go(func() { tokens[i], errs[i] = credential.In(dir, api, clock).Token(t.Context(), renew) })
	}
	wait.Wait()
	for i, token := range tokens {
		require.NoError(t, errs[i])
		require.Equal(t, "new", token)
	}
	require.Equal(t, []string{"after old"}, renewed)
}

func TestATokenThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	f := credential.In(t.TempDir(), api, clock)
	away := errors.New("away")
	_, err := f.Token(t.Context(), nil)
	require.ErrorIs(t, err, credential.ErrNone)
	require.NoError(t, f.Save(session("old", -time.Second)))
	_, err = f.Token(t.Context(), func(context.Context, string) (credential.Session, error) { return credential.Session{}, away })
	require.ErrorIs(t, err, away)
	got, err := f.Load()
	require.NoError(t, err)
	require.Equal(t, "old", got.AccessToken, "it is still there")
	ctx, cancel := context.WithCancel(t.Context())
	err = f.Locked(t.Context(), func() error {
		cancel()
		return f.Locked(ctx, func() error { return nil })
	})
	require.ErrorIs(t, err, context.Canceled, "who waits gives up when asked to")
}

func TestAFileThatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := credential.In(dir, api, clock)
	require.NoError(t, f.Save(session("x", time.Hour)))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for content, says := range map[string]string{"{": "read the session in", `{"url":"https://elsewhere"}`: "with another API"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, files[0].Name()), []byte(content), 0o600))
		_, err := f.Load()
		require.ErrorContains(t, err, says)
	}
}
