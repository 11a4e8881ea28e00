package budget

import (
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// The development environment falls back to miniredis where no redis-server is installed.
func TestTheScriptRunsOnMiniredis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	client := redis.NewClient(plain(&redis.Options{Addr: server.Addr()}))
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	l, err := newLedger(Options{Redis: client, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}, newTimes(1))
	require.NoError(t, err)
	t.Cleanup(l.Close)
	g := newGithub(time.Hour)
	a := l.Account(account, g.probe)
	for range 20 {
		pass, err := a.Enter(t.Context(), Request{})
		require.NoError(t, err)
		require.Nil(t, pass.Leave(t.Context(), g.answer(Request{})))
	}
	require.False(t, a.Pace().Alone)
	report, err := Read(t.Context(), client, account)
	require.NoError(t, err)
	require.True(t, report.Known)
}
