package archivetest_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/archivetest"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// items are all items of a repository as a GitHub serves them.
func items(r *githubsim.Repository) map[string]string {
	sim := githubsim.New(githubsim.Options{})
	sim.Add(r)
	owner, name, _ := strings.Cut(r.FullName(), "/")
	all := map[string]string{}
	for _, c := range githubsim.Collections() {
		for key, raw := range sim.Items(owner, name, c) {
			all[c+" "+key] = string(raw)
		}
	}
	return all
}

func TestSnapshotsFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, s := range archivetest.All(t) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			require.GreaterOrEqual(t, len(s.Snapshots), 2)
			before := map[string]string{}
			for moment := range s.Snapshots {
				r := s.Load(t, moment)
				now := items(r)
				require.NotEqual(t, before, now)
				for key := range before {
					require.Contains(t, now, key, "nothing goes away between these snapshots")
				}
				require.Equal(t, now, items(s.LoadDocument(t, s.Document(t, moment))), "a document is read as it is spelled")
				before = now
			}
		})
	}
}

func TestEveryChangeShows(t *testing.T) {
	t.Parallel()
	s := archivetest.All(t)[0]
	original := items(s.Load(t, 0))
	for name, change := range archivetest.Changes() {
		d := s.Document(t, 0)
		require.True(t, change(d), name)
		require.NotEqual(t, original, items(s.LoadDocument(t, d)), name)
	}
	empty := archivetest.Document{Timestamp: json.RawMessage(`null`)}
	for name, change := range maps.All(archivetest.Changes()) {
		require.False(t, change(&empty), name)
	}
}

func TestTheClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	c := archivetest.NewClock(at)
	c.Set(at.Add(time.Hour))
	c.Set(at)
	require.Equal(t, at.Add(time.Hour), c.Now())
}
