package delivery_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/delivery"
)

// counted counts what a directory is asked.
type counted struct {
	delivery.Fixed
	asked int
	fail  error
}

func (c *counted) Lookup(ctx context.Context, name string) (delivery.Connection, bool, error) {
	c.asked++
	if c.fail != nil {
		return delivery.Connection{}, false, c.fail
	}
	return c.Fixed.Lookup(ctx, name)
}

func TestADirectoryIsAskedOnceInAWhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	asked := &counted{Fixed: delivery.Fixed{{Name: "a", Secrets: []string{"old"}}}}
	d := &delivery.Remembering{Directory: asked, Now: func() time.Time { return now }}
	secret := func() string {
		c, ok, err := d.Lookup(t.Context(), "a")
		require.NoError(t, err)
		require.True(t, ok)
		return c.Secrets[0]
	}
	for range 5 {
		require.Equal(t, "old", secret())
	}
	require.Equal(t, 1, asked.asked)

	asked.Fixed[0].Secrets = []string{"new"}
	now = now.Add(3 * time.Second)
	require.Equal(t, "new", secret())

	asked.fail = errors.New("the database is away")
	now = now.Add(9 * time.Minute)
	require.Equal(t, "new", secret(), "it is relied on while it cannot be found out anew")
	now = now.Add(2 * time.Minute)
	_, _, err := d.Lookup(t.Context(), "a")
	require.ErrorIs(t, err, asked.fail)
	_, _, err = d.Lookup(t.Context(), "b")
	require.ErrorIs(t, err, asked.fail)
}

func TestMadeUpNamesAreNotAskedTwiceNorKeptForGood(t *testing.T) {
	t.Parallel()
	asked := &counted{}
	d := &delivery.Remembering{Directory: asked, Now: time.Now}
	for n := range 2500 {
		for range 2 {
			_, ok, err := d.Lookup(t.Context(), strconv.Itoa(n))
			require.NoError(t, err)
			require.False(t, ok)
		}
	}
	require.Equal(t, 2500, asked.asked)
}
