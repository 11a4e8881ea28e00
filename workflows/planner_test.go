package workflows

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/schedule"
)

// A cursor is refused, or it is just the one that is written for its token; and it is of
// one list only.
func FuzzCursors(f *testing.F) {
	f.Add(writeToken("schedules of w", []byte("token")))
	f.Add("garbage")
	f.Fuzz(func(t *testing.T, cursor string) {
		token, err := readToken("schedules of w", cursor)
		if err != nil {
			require.Equal(t, operation.CodeInvalid, operation.CodeOf(err))
			return
		}
		require.Equal(t, cursor, writeToken("schedules of w", token))
		if cursor != "" {
			_, err = readToken("schedules of v", cursor)
			require.Equal(t, operation.CodeInvalid, operation.CodeOf(err))
		}
	})
}

// A Temporal that accepts connections and never answers must not hold a request up.
func TestSchedulesOfATemporalThatIsAwayAreUnavailable(t *testing.T) {
	t.Parallel()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	c, err := client.NewLazyClient(client.Options{HostPort: silent.Addr().String()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	p := NewPlanner(c, client.DefaultNamespace, nil)
	for name, ask := range map[string]func() error{
		"create":  func() error { _, err := p.CreateSchedule(t.Context(), schedule.Definition{}, false); return err },
		"read":    func() error { _, err := p.Schedule(t.Context(), "w", "s"); return err },
		"list":    func() error { _, _, err := p.Schedules(t.Context(), "w", "", 10); return err },
		"delete":  func() error { return p.DeleteSchedule(t.Context(), "w", "s") },
		"trigger": func() error { return p.TriggerSchedule(t.Context(), "w", "s") },
		"backfill": func() error {
			return p.BackfillSchedule(t.Context(), "w", "s", schedule.Backfill{End: time.Unix(9, 0)})
		},
		"runs": func() error { _, _, err := p.Runs(t.Context(), "w", "s", "", 10); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			require.Equal(t, operation.CodeUnavailable, operation.CodeOf(ask()))
			require.Less(t, time.Since(began), 20*time.Second)
		})
	}
}

func TestATemporalThatIsBusyIsAskedAgain(t *testing.T) {
	t.Parallel()
	asked := 0
	err := patiently(t.Context(), func() error {
		if asked++; asked < 3 {
			return serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "consistent query buffer is full")
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 3, asked)
}
