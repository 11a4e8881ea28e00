package throttle_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/internal/throttle"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestSoManyAreAllowed(t *testing.T) {
	t.Parallel()
	l := throttle.New(testenv.Redis(t), 30) // one each 2 s
	for left := 29; left >= 0; left-- {
		a, err := l.Take(t.Context(), "ada")
		require.NoError(t, err)
		require.True(t, a.Allowed)
		require.Equal(t, left, a.Left)
		require.Equal(t, 30, a.Most)
		require.Greater(t, a.Wait, time.Duration(29-left)*2*time.Second)
	}
	a, err := l.Take(t.Context(), "ada")
	require.NoError(t, err)
	require.False(t, a.Allowed)
	require.Zero(t, a.Left)
	require.Greater(t, a.Wait, time.Second)
	require.LessOrEqual(t, a.Wait, 2*time.Second)
	a, err = l.Take(t.Context(), "bob")
	require.NoError(t, err)
	require.True(t, a.Allowed, "another's are another's")
}

func TestTheyAreRefilled(t *testing.T) {
	t.Parallel()
	l := throttle.New(testenv.Redis(t), 600) // one each 100 ms
	for range 600 {
		_, err := l.Take(t.Context(), "ada")
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		a, err := l.Take(t.Context(), "ada")
		require.NoError(t, err)
		return a.Allowed
	}, 10*time.Second, 10*time.Millisecond)
}

// All processes count together.
func TestProcessesCountTogether(t *testing.T) {
	t.Parallel()
	shared := testenv.Redis(t)
	var allowed atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		l := throttle.New(shared, 20)
		for range 25 {
			all.Go(func() {
				a, err := l.Take(t.Context(), "ada")
				if err != nil {
					t.Errorf("take: %v", err)
				}
				if a.Allowed {
					allowed.Add(1)
				}
			})
		}
	}
	all.Wait()
	require.GreaterOrEqual(t, allowed.Load(), int64(20))
	require.LessOrEqual(t, allowed.Load(), int64(21), "one is refilled in 3 s")
}

func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	gone := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, gone.Close()) })
	_, err := throttle.New(gone, 1).Take(t.Context(), "ada")
	require.Error(t, err)
}
