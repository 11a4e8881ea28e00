package main

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/testenv"
)

// A command that was interrupted has not done what it was asked for, and must not
// exit as if it had.
func TestAnInterruptedCommandFails(t *testing.T) {
	t.Parallel()
	database, connected := blackHole(t)
	address, called := blackHole(t)
	for name, tt := range map[string]struct {
		args  []string
		env   []string
		asked <-chan struct{}
	}{
		"migrate":    {[]string{"migrate", "up"}, []string{"HOLDFAST_DATABASE_URL=postgres://u:p@" + database + "/holdfast?sslmode=disable"}, connected},
		"operations": {[]string{"operations"}, []string{"HOLDFAST_API_URL=http://" + address, "HOLDFAST_TOKEN=x"}, called},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- run(ctx, tt.args, tt.env, io.Discard, io.Discard) }()
			<-tt.asked
			cancel()
			select {
			case err := <-ended:
				require.ErrorContains(t, err, "interrupted: ")
			case <-time.After(20 * time.Second):
				require.Fail(t, "it does not end")
			}
		})
	}
}

// The pool waits for every connection, and a statement that hangs gives none back.
func TestClosingThePoolIsBounded(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	t.Cleanup(conn.Release)
	said := &log{}
	s := &services{
		pool: pool, redis: redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}),
		log: slog.New(slog.NewJSONHandler(said, nil)),
	}
	began := time.Now()
	s.close()
	require.GreaterOrEqual(t, time.Since(began), poolPatience)
	require.Less(t, time.Since(began), 2*poolPatience)
	require.Contains(t, said.text.String(), "the database did not give its connections back in time")
}
