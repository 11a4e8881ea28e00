package bench

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

func upkeepExample() UpkeepReport {
	return UpkeepReport{
		Items: 10_000, LatencyMS: 100, Changed: map[string]int{"issues": 24, "issue_comments": 1029},
		Steps: []Step{{Name: "first sync", Written: 10_000, Requests: 120, GraphQL: 20, Seconds: 5}, {Name: "sweep", Requests: 105, NotModified: 95, Seconds: 2.5}},
	}
}

func TestUpkeepIsToldForAThousandItems(t *testing.T) {
	t.Parallel()
	text := upkeepExample().Markdown()
	require.Contains(t, text, "10,000 items, one run, GitHub answers after 100 ms. The 1 % that changed: 1,029 issue comments, 24 issues.\n")
	require.Contains(t, text, "| first sync | 10,000 | 120 | 0 | 20 | 12.00 | 10.00 | 0.50 |\n")
	require.Contains(t, text, "| sweep | 0 | 105 | 95 | 0 | 10.50 | 1.00 | 0.25 |\n", "what GitHub answers with 304 costs nothing")
	var out strings.Builder
	require.NoError(t, upkeepExample().WriteTable(&out))
	require.Regexp(t, `sweep +0 +105 +95 +0 +10\.50 +1\.00 +0\.25\n`, out.String())
}

func TestAnEditIsShownByItsRowOrALaterOne(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	after := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	edits := []edit{{Number: 7, At: after(0)}, {Number: 8, At: after(1)}, {Number: 7, At: after(2)}, {Number: 9, At: after(3)}}
	shown := []sighting{{Number: 8, Edit: 1, At: after(4)}, {Number: 7, Edit: 2, At: after(5)}, {Number: 7, Edit: 2, At: after(9)}}
	require.Equal(t, []time.Duration{5 * time.Second, 3 * time.Second, 3 * time.Second}, latencies(edits, shown), "the last was not shown")
	shown = append(shown, sighting{Number: 9, Edit: 3, At: after(10)})
	require.Len(t, latencies(edits, shown), len(edits))
	require.Equal(t, 2*time.Second, latencies(edits[:1], []sighting{{Number: 7, At: after(2)}})[0])

	var r FreshnessReport
	r.take(edits, shown)
	require.Equal(t, 4, r.Deliveries)
	require.Equal(t, 3, r.Issues)
	require.InDelta(t, 1, r.Rate, 0)
	require.Equal(t, map[string]float64{"p50": 3, "p90": 7, "p99": 7, "max": 7}, r.Seconds)
	require.Contains(t, r.Markdown(), "| 4 | 1.0 | 3 | 3.00 s | 7.00 s | 7.00 s | 7.00 s | 0 | 0 |")
}

func TestAPercentileIsOneOfTheValues(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for n := range 100 {
		hundred = append(hundred, time.Duration(n+1))
	}
	for percent, want := range map[int]time.Duration{0: 1, 1: 1, 50: 50, 99: 99, 100: 100} {
		require.Equal(t, want, Percentile(hundred, percent), percent)
	}
	require.EqualValues(t, 5, Percentile([]time.Duration{5}, 50))
	require.EqualValues(t, 2, Percentile([]time.Duration{1, 2, 3}, 50))
}

// One in a hundred items changes, those that lists show last and first among them.
func TestOneInAHundredItemsIsChanged(t *testing.T) {
	t.Parallel()
	repository := githubsim.Generate(seed, spec(5000))
	sim := githubsim.New(githubsim.Options{})
	sim.Add(repository)
	before := stateOf(sim, repository).Counts
	changed, err := changeSome(sim, repository)
	require.NoError(t, err)
	for name, n := range changed {
		require.InDelta(t, float64(before[name])/changedShare, n, 1, name)
	}
	require.Len(t, changed, 4)
	require.Equal(t, before["commits"]+int64(changed["commits"]), stateOf(sim, repository).Counts["commits"])
}

// A hook tells of each edit, signed, and the issue says which edit it was.
func TestEditsAreMadeAtARateAndTold(t *testing.T) {
	t.Parallel()
	repository := githubsim.Generate(seed, spec(1000))
	sim := githubsim.New(githubsim.Options{})
	sim.Add(repository)
	var told, status atomic.Int64
	status.Store(http.StatusAccepted)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Hub-Signature-256") != "" && r.Header.Get("X-GitHub-Event") == "issues" {
			told.Add(1)
		}
		w.WriteHeader(int(status.Load()))
	}))
	control := httptest.NewServer(controlHandler(sim, repository))
	t.Cleanup(receiver.Close)
	t.Cleanup(control.Close)
	s := simulator{control: control.URL, http: control.Client()}
	edits, err := s.edit(t.Context(), receiver.URL, FreshnessOptions{Rate: 400, For: time.Second})
	require.NoError(t, err)
	require.Len(t, edits, 400)
	require.EqualValues(t, 400, told.Load())
	require.GreaterOrEqual(t, edits[399].At.Sub(edits[0].At), 990*time.Millisecond)
	last := map[int]string{}
	for n, e := range edits {
		last[e.Number] = titlePrefix + strconv.Itoa(n)
	}
	owner, name := split(repository.FullName())
	for _, raw := range sim.Items(owner, name, "issues") {
		var i struct {
			Number int    `json:"number"`
			Title  string `json:"title"`
		}
		require.NoError(t, json.Unmarshal(raw, &i))
		if want, edited := last[i.Number]; edited {
			require.Equal(t, want, i.Title)
			delete(last, i.Number)
		}
	}
	require.Empty(t, last)

	status.Store(http.StatusUnauthorized)
	_, err = s.edit(t.Context(), receiver.URL, FreshnessOptions{Rate: 100, For: 20 * time.Millisecond})
	require.ErrorContains(t, err, "2 were sent and 2 failed", "a run whose deliveries are refused does not count")
}
