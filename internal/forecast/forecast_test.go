package forecast_test

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/forecast"
)

// steady is a pace at which requests alone cost time.
func steady() forecast.Pace {
	return forecast.Pace{Latency: 100 * time.Millisecond, AtOnce: 4, InFlight: 10}
}

func TestWorkWithoutBounds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		jobs []forecast.Job
		pace func(*forecast.Pace)
		want time.Duration
	}{
		"nothing":                   {nil, nil, 0},
		"a job of no requests":      {[]forecast.Job{{Name: "a"}}, nil, 0},
		"one request":               {[]forecast.Job{{Name: "a", Requests: 1, Single: 1, Width: 6}}, nil, 100 * time.Millisecond},
		"a window":                  {[]forecast.Job{{Name: "a", Requests: 61, Single: 1, Width: 6}}, nil, 1100 * time.Millisecond},
		"first and last go alone":   {[]forecast.Job{{Name: "a", Requests: 62, Single: 2, Width: 6}}, nil, 1200 * time.Millisecond},
		"the process bounds two":    {[]forecast.Job{{Name: "a", Requests: 60, Width: 6}, {Name: "b", Requests: 60, Width: 6}}, nil, 1200 * time.Millisecond},
		"a child waits":             {[]forecast.Job{{Name: "a", Requests: 6, Width: 6}, {Name: "b", After: "a", Requests: 6, Width: 6}}, nil, 200 * time.Millisecond},
		"a parent that is not read": {[]forecast.Job{{Name: "b", After: "a", Requests: 6, Width: 6}}, nil, 100 * time.Millisecond},
		"a fifth has no place": {[]forecast.Job{
			{Name: "a", Requests: 1}, {Name: "b", Requests: 1}, {Name: "c", Requests: 1}, {Name: "d", Requests: 1}, {Name: "e", Requests: 1},
		}, nil, 200 * time.Millisecond},
		"the database bounds all": {
			[]forecast.Job{{Name: "a", Requests: 100, Items: 10_000, Width: 6}, {Name: "b", Requests: 100, Items: 10_000, Width: 6}},
			func(p *forecast.Pace) { p.ItemsPerSecond = 2000 }, 10 * time.Second,
		},
		"and one alone more": {
			[]forecast.Job{{Name: "a", Requests: 100, Items: 10_000, Width: 6}},
			func(p *forecast.Pace) { p.ItemsPerSecond = 2000 }, 6667 * time.Millisecond,
		},
		"steps cost": {
			[]forecast.Job{{Name: "a", Requests: 60, Width: 6, PerStep: 40}},
			func(p *forecast.Pace) { p.Step = 50 * time.Millisecond }, 1100 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pace := steady()
			if tt.pace != nil {
				tt.pace(&pace)
			}
			got := forecast.Of(tt.jobs, pace, forecast.Budget{})
			require.InDelta(t, tt.want.Seconds(), got.Duration.Seconds(), 0.001)
			require.Zero(t, got.Waits)
		})
	}
}

func TestWaitsForLimitsAreCountedIn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		requests int64
		budget   forecast.Budget
		want     time.Duration
		waits    time.Duration
	}{
		"enough is left":          {100, forecast.Budget{Hour: forecast.Window{Limit: 5000, Left: 100, Reset: time.Minute}}, 10 * time.Second, 0},
		"the rest after a window": {100, forecast.Budget{Hour: forecast.Window{Limit: 5000, Left: 40, Reset: time.Minute}}, 66 * time.Second, 56 * time.Second},
		"several windows":         {100, forecast.Budget{Hour: forecast.Window{Limit: 20, Left: 0, Reset: time.Minute}}, 4*time.Hour + 62*time.Second, 4*time.Hour + 52*time.Second},
		"a held gate":             {10, forecast.Budget{Hold: 30 * time.Second}, 31 * time.Second, 30 * time.Second},
		"held beyond the window":  {10, forecast.Budget{Hour: forecast.Window{Limit: 10, Left: 0, Reset: 20 * time.Second}, Hold: 30 * time.Second}, 31 * time.Second, 30 * time.Second},
		"the window has passed":   {10, forecast.Budget{Hour: forecast.Window{Limit: 10, Left: 0, Reset: -time.Second}}, time.Second, 0},
		"the next minute":         {100, forecast.Budget{Minute: forecast.Window{Limit: 60, Left: 60, Reset: time.Minute}}, 64 * time.Second, 54 * time.Second},
		"the later of both":       {20, forecast.Budget{Hour: forecast.Window{Limit: 10, Left: 10, Reset: 50 * time.Second}, Minute: forecast.Window{Limit: 10, Left: 10, Reset: 40 * time.Second}}, 51 * time.Second, 49 * time.Second},
		"a short window":          {30, forecast.Budget{Hour: forecast.Window{Limit: 10, Left: 10, Reset: 5 * time.Second, Length: 5 * time.Second}}, 11 * time.Second, 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := forecast.Of([]forecast.Job{{Name: "a", Requests: tt.requests, Width: 1}}, steady(), tt.budget)
			require.InDelta(t, tt.want.Seconds(), got.Duration.Seconds(), 0.01)
			require.InDelta(t, tt.waits.Seconds(), got.Waits.Seconds(), 0.01)
			require.Equal(t, tt.requests, got.Requests)
		})
	}
}

// Whatever the work is, it ends; more of it never takes less time, a faster GitHub
// never more, and no budget is overdrawn.
func TestEstimatesAreSane(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var jobs []forecast.Job
		var requests, items int64
		for i := range rapid.IntRange(0, 30).Draw(t, "jobs") {
			j := forecast.Job{
				Name: strconv.Itoa(i), Requests: rapid.Int64Range(0, 2000).Draw(t, "requests"), Items: rapid.Int64Range(0, 100_000).Draw(t, "items"),
				Single: rapid.Int64Range(0, 2).Draw(t, "single"), Width: rapid.IntRange(0, 8).Draw(t, "width"), PerStep: rapid.Int64Range(0, 40).Draw(t, "per step"),
			}
			if i > 0 && rapid.Bool().Draw(t, "nested") {
				j.After = strconv.Itoa(rapid.IntRange(0, i-1).Draw(t, "after"))
			}
			requests, items = requests+j.Requests, items+j.Items
			jobs = append(jobs, j)
		}
		pace := forecast.Pace{
			Latency: time.Duration(rapid.IntRange(0, 2000).Draw(t, "latency")) * time.Millisecond, AtOnce: rapid.IntRange(1, 6).Draw(t, "at once"),
			InFlight: rapid.IntRange(1, 10).Draw(t, "in flight"), ItemsPerSecond: float64(rapid.IntRange(0, 10_000).Draw(t, "items a second")), Step: 50 * time.Millisecond,
		}
		budget := forecast.Budget{
			Hour: forecast.Window{
				Limit: rapid.Int64Range(0, 15_000).Draw(t, "limit"), Left: rapid.Int64Range(0, 5000).Draw(t, "left"),
				Reset: time.Duration(rapid.IntRange(0, 3600).Draw(t, "reset")) * time.Second,
			},
			Minute: forecast.Window{
				Limit: rapid.Int64Range(0, 900).Draw(t, "limit of a minute"), Left: rapid.Int64Range(0, 900).Draw(t, "left of a minute"),
				Reset: time.Duration(rapid.IntRange(0, 60).Draw(t, "reset of a minute")) * time.Second,
			},
			Hold: time.Duration(rapid.IntRange(0, 600).Draw(t, "hold")) * time.Second,
		}
		got := forecast.Of(jobs, pace, budget)
		require.Equal(t, requests, got.Requests)
		require.Equal(t, items, got.Items)
		require.GreaterOrEqual(t, got.Waits, min(budget.Hold, got.Duration))
		require.LessOrEqual(t, got.Waits, got.Duration)
		slowest := float64(requests) * pace.Latency.Seconds() / float64(pace.InFlight)
		require.GreaterOrEqual(t, (got.Duration - got.Waits).Seconds(), slowest-0.01)
		if hour := budget.Hour; hour.Limit > 0 {
			windows := math.Ceil(float64(requests-max(hour.Left, hour.Limit)) / float64(hour.Limit))
			require.GreaterOrEqual(t, got.Duration.Hours(), windows-1)
		}
		if minute := budget.Minute; minute.Limit > 0 {
			windows := math.Ceil(float64(requests-max(minute.Left, minute.Limit)) / float64(minute.Limit))
			require.GreaterOrEqual(t, got.Duration.Minutes(), windows-1)
		}
		free := forecast.Of(jobs, pace, forecast.Budget{})
		require.GreaterOrEqual(t, got.Duration, free.Duration-time.Millisecond)
	})
}

func TestTheMeasuredTimeCountsMoreAndMore(t *testing.T) {
	t.Parallel()
	whole := forecast.Estimate{Duration: 100 * time.Second}
	for _, tt := range []struct{ left, busy, want time.Duration }{
		{100 * time.Second, 0, 100 * time.Second},                // nothing is known yet
		{100 * time.Second, 5 * time.Second, 100 * time.Second},  // nothing is done yet
		{95 * time.Second, 10 * time.Second, 114 * time.Second},  // 5 % done: a fifth of the correction
		{50 * time.Second, 100 * time.Second, 100 * time.Second}, // half of it took twice as long
		{50 * time.Second, 25 * time.Second, 25 * time.Second},
		{0, 250 * time.Second, 0},
		{50 * time.Second, time.Hour, 500 * time.Second}, // bounded
	} {
		got := forecast.Estimate{Duration: tt.left}.Corrected(whole, tt.busy)
		require.InDelta(t, tt.want.Seconds(), got.Duration.Seconds(), 0.001, "%+v", tt)
	}
	waiting := forecast.Estimate{Duration: time.Hour + 50*time.Second, Waits: time.Hour}.Corrected(whole, 100*time.Second)
	require.InDelta(t, (time.Hour + 100*time.Second).Seconds(), waiting.Duration.Seconds(), 0.001, "a wait is as long as it is")
}

func TestLists(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list             forecast.List
		requests, single int64
	}{
		"empty, whole":        {forecast.List{Whole: true}, 1, 1},
		"whole":               {forecast.List{Items: 1001, Whole: true}, 11, 1},
		"whole with probes":   {forecast.List{Items: 1000, Whole: true, Probes: 3}, 13, 1},
		"whole with catch-up": {forecast.List{Items: 1000, Whole: true, CatchUp: true}, 11, 2},
		"what moved":          {forecast.List{Items: 10_000, CatchUp: true}, 1, 1},
		"lists of parents":    {forecast.List{Items: 10, Whole: true, Lists: 130}, 130, 0},
		"several at once":     {forecast.List{Whole: true, Lists: 130, PerRequest: 25}, 6, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.requests, tt.list.Requests())
			require.Equal(t, tt.single, tt.list.Single())
		})
	}
}

// What is slow in the beginning, a database that writes many items, is not taken for
// what is left, requests that bring few.
func TestThePaceIsFittedToWhatWasMeasured(t *testing.T) {
	t.Parallel()
	list := forecast.Job{Name: "list", Requests: 100, Items: 10_000, Width: 6}
	nested := forecast.Job{Name: "nested", After: "list", Requests: 600, Width: 6}
	pace := steady()
	for _, actual := range []float64{500, 4000, 30_000} {
		pace.ItemsPerSecond = actual
		whole := forecast.Of([]forecast.Job{list, nested}, pace, forecast.Budget{}).Duration
		rest := forecast.Of([]forecast.Job{nested}, pace, forecast.Budget{}).Duration
		pace.ItemsPerSecond = 4000
		fitted, _ := pace.Fitted([]forecast.Job{list, nested}, []forecast.Job{nested}, whole-rest)
		again := forecast.Of([]forecast.Job{list, nested}, fitted, forecast.Budget{}).Duration
		if weight := 4 * (whole - rest).Seconds() / whole.Seconds(); weight >= 1 {
			require.InEpsilon(t, whole.Seconds(), again.Seconds(), 0.05, "%v items a second", actual)
		}
		require.InEpsilon(t, rest.Seconds(), forecast.Of([]forecast.Job{nested}, fitted, forecast.Budget{}).Duration.Seconds(), 0.001)
	}
	none, measured := pace.Fitted([]forecast.Job{list}, []forecast.Job{list}, time.Second)
	require.InDelta(t, 4000, none.ItemsPerSecond, 0.1, "nothing is done yet")
	require.False(t, measured)
}

func TestNobodyKnowsWhenWhatIsNeverAllowedIsDone(t *testing.T) {
	t.Parallel()
	none := forecast.Budget{Hour: forecast.Window{None: true}}
	jobs := []forecast.Job{{Name: "a", Requests: 3, Items: 30, Width: 1}}
	got := forecast.Of(jobs, steady(), none)
	require.Equal(t, forecast.Estimate{Requests: 3, Items: 30, Never: true}, got)
	require.Equal(t, got, got.Corrected(forecast.Of(jobs, steady(), forecast.Budget{}), time.Minute))
	require.False(t, forecast.Of(nil, steady(), none).Never, "what asks for nothing needs no budget")
}
