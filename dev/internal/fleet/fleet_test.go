package fleet

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/githubsim"
)

func example(change func(*Report)) Report {
	reset := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := Report{
		Kind: Calm, Workers: 2, Seconds: 90, Requests: 10_000, InFlight: inFlight,
		Windows: []Window{
			{Account: "user:1", Resource: core, Reset: reset, Limit: 5000, Used: 3900, Reserve: 1000, Lowest: 1100, Busy: true},
			{Account: "user:1", Resource: "graphql", Reset: reset, Limit: 5000, Used: 5, Reserve: 1000, Lowest: 4995, Busy: true},
			{Account: "user:1", Resource: core, Reset: reset.Add(time.Minute), Limit: 5000, Used: 20, Reserve: 1000, Lowest: 4980},
		},
		Person: Waits{Answered: 100, P50: 0.1, P99: 0.9, Max: 2, Denied: map[string]int{"github_reserve": 3}},
	}
	change(&r)
	return r
}

func TestEveryBrokenPromiseIsTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Report)
		want   string // in the one sentence that says what is broken; empty: nothing is
	}{
		"none":                      {func(*Report) {}, ""},
		"an offence":                {func(r *Report) { r.Offences = []githubsim.Offence{{Limit: githubsim.LimitHold}} }, "an offence: {Account: Limit:hold"},
		"refused":                   {func(r *Report) { r.RefusedShare = 0.005 }, "0.50 % of the requests were refused"},
		"too many at once":          {func(r *Report) { r.InFlight = 11 }, "11 requests of an account were out at once"},
		"a burst where one may be":  {func(r *Report) { r.Kind, r.InFlight, r.Windows[0].Touched = FlushRedis, 20, 10 }, ""},
		"two of them":               {func(r *Report) { r.Kind, r.InFlight = FlushRedis, 21 }, "21 requests of an account"},
		"the reserve":               {func(r *Report) { r.Windows[2].Touched = 1 }, "1 requests were made within the reserve"},
		"too little used":           {func(r *Report) { r.Windows[0].Used, r.Windows[0].Lowest = 3700, 1300 }, "92.5 % of an hour above the reserve was used"},
		"others used the rest":      {func(r *Report) { r.Windows[0].Used, r.Windows[0].Lowest = 3000, 1100 }, ""},
		"too little, but disturbed": {func(r *Report) { r.Kind, r.Windows[0].Used, r.Windows[0].Lowest = KillRedis, 3000, 2000 }, ""},
		"never busy":                {func(r *Report) { r.Windows = r.Windows[1:] }, "no hour had work"},
		"nobody answered":           {func(r *Report) { r.Person.Answered = 0 }, "never answered"},
		"a long wait":               {func(r *Report) { r.Person.P99 = 1 }, "1.00 s at the 99th percentile"},
		"a long wait for Redis":     {func(r *Report) { r.Kind, r.Person.P99 = KillRedis, 1 }, ""},
		"wrongly denied":            {func(r *Report) { r.Person.Wrongly = 2 }, "denied 2 times although"},
		"a failed sync":             {func(r *Report) { r.Failed = []string{"the sync of x"} }, "the sync of x"},
		"a difference":              {func(r *Report) { r.Different = []string{"issues of x"} }, "issues of x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := example(tt.change)
			broken := r.Broken()
			var text bytes.Buffer
			require.NoError(t, r.WriteText(&text))
			if tt.want == "" {
				require.Empty(t, broken)
				require.Contains(t, text.String(), "all promises were kept")
				return
			}
			require.Len(t, broken, 1)
			require.Contains(t, broken[0], tt.want)
			require.Contains(t, text.String(), "BROKEN: "+broken[0])
		})
	}
}

func TestTheReportIsText(t *testing.T) {
	t.Parallel()
	r := example(func(*Report) {})
	var text, document bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "user:1 core    until 03:04:05: 3900 of 5000 used, which is 97.5 % of what was there, and 0 by others; lowest 1100, reserve 1000, 0 within it\n")
	require.NoError(t, r.WriteJSON(&document))
	var got struct {
		Requests int64
		Offences []githubsim.Offence
		Broken   []string
	}
	require.NoError(t, json.Unmarshal(document.Bytes(), &got))
	require.EqualValues(t, 10_000, got.Requests)
	require.NotNil(t, got.Offences, "a list, though an empty one")
	require.NotNil(t, got.Broken)
}

func TestTheReserveIsRoundedUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		percent     float64
		limit, want int
	}{{20, 5000, 1000}, {0, 5000, 0}, {33, 100, 33}, {33.4, 100, 34}, {0.01, 5000, 1}} {
		require.Equal(t, tt.want, Plan{Reserve: tt.percent}.reserved(tt.limit), "%v %% of %d", tt.percent, tt.limit)
	}
}

func TestPlansThatCannotBe(t *testing.T) {
	t.Parallel()
	require.NoError(t, Full().validate())
	for _, change := range []func(*Plan){
		func(p *Plan) { p.Workers = 0 },
		func(p *Plan) { p.Requests = 100 },
		func(p *Plan) { p.Window = time.Millisecond },
		func(p *Plan) { p.Kind, p.Window = Outside, 59*time.Second },
		func(p *Plan) { p.Reserve = 100 },
		func(p *Plan) { p.Ask = 0 },
	} {
		p := Full()
		change(&p)
		require.Error(t, p.validate(), "%+v", p)
	}
}

// answering is a GitHub whose answers say that a window of 100 requests has so many left.
type answering struct {
	left, status int
	reset        time.Time
}

func (a *answering) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, value := range map[string]string{
		"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": strconv.Itoa(a.left), "X-RateLimit-Resource": core,
		"X-RateLimit-Reset": strconv.FormatInt(a.reset.Unix(), 10),
	} {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
}

func TestTheWatchSeesWhatIsLeft(t *testing.T) {
	t.Parallel()
	now := time.Now()
	github := &answering{status: http.StatusOK, reset: now.Add(time.Minute)}
	w := newWatch(Plan{Kind: Calm, Requests: 6, Reserve: 20}, map[string]string{"t": "user:1"})
	handler := w.behind("worker-1", github)
	ask := func(path, token string, left, status int) {
		github.left, github.status = left, status
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("/rate_limit", "t", 90, http.StatusOK)
	ask("/user", "t", 21, http.StatusOK)
	require.False(t, w.spent("user:1", budget.Core, now), "one is left above the reserve")
	ask("/user", "t", 20, http.StatusNotModified)
	require.True(t, w.spent("user:1", budget.Core, now))
	require.False(t, w.spent("user:2", budget.Core, now))
	require.False(t, w.spent("user:1", budget.GraphQL, now))
	require.False(t, w.spent("user:1", budget.Core, now.Add(time.Minute+headerSlack+time.Second)), "the window is over")
	select {
	case <-w.half:
		require.Fail(t, "what is free counts")
	default:
	}
	ask("/user", "nobody's", 3, http.StatusOK)
	<-w.half
	ask("/user", "t", 0, http.StatusForbidden)
	ask("/user", "t", 19, http.StatusOK)
	require.Equal(t, map[string]int{"worker-1": 5}, w.doors)
	require.Equal(t, 1, w.most["user:1"])

	reset := github.reset.Truncate(time.Second)
	window := w.window("user:1", githubsim.Window{Resource: core, Limit: 100, Used: 81, Outside: 4, Reset: reset}, now, reset.Add(1))
	require.Equal(t, []int{77, 20, 19, 1}, []int{window.Used, window.Reserve, window.Lowest, window.Touched})
	require.True(t, window.Busy)
	require.False(t, w.window("user:1", githubsim.Window{Resource: core, Reset: reset}, now, reset).Busy, "the work ended before")
	require.False(t, w.window("user:1", githubsim.Window{Resource: core, Reset: reset}, now.Add(10*time.Second), reset.Add(1)).Busy, "it began too late")
}
