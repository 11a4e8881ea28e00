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
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	asked := &counted{Fixed: delivery.Fixed{{Name: "a"}}}
	d := &delivery.Remembering{Directory: asked, Now: func() time.Time { return now }}
	knows := func(name string) bool {
		_, ok, err := d.Lookup(t.Context(), name)
		require.NoError(t, err)
		return ok
	}
	require.True(t, knows("a"))
	for n := range 2500 {
		require.False(t, knows(strconv.Itoa(n)))
		require.False(t, knows(strconv.Itoa(n)))
	}
	require.Equal(t, 1+2500, asked.asked)
	require.False(t, knows("0"))
	require.Equal(t, 1+2500+1, asked.asked, "it was forgotten, so that names do not pile up")

	asked.fail = errors.New("the database is away")
	now = now.Add(time.Minute)
	require.True(t, knows("a"), "strangers cannot have a connection forgotten")
}

func TestAConnectionComesAndGoes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	asked := &counted{}
	d := &delivery.Remembering{Directory: asked, Now: func() time.Time { return now }}
	for _, there := range []bool{false, true, false} {
		asked.Fixed = nil
		if there {
			asked.Fixed = delivery.Fixed{{Name: "a"}}
		}
		_, ok, err := d.Lookup(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, there, ok)
		now = now.Add(3 * time.Second)
	}
	asked.fail = errors.New("the database is away")
	_, _, err := d.Lookup(t.Context(), "a")
	require.ErrorIs(t, err, asked.fail, "one that was deleted is not relied on")
}
