package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestTheMixHasExactlyTheItemsAskedFor(t *testing.T) {
	t.Parallel()
	for _, items := range []int{1000, 5000, 50_000} {
		repository := githubsim.Generate(seed, spec(items))
		sim := githubsim.New(githubsim.Options{})
		sim.Add(repository)
		var sum int64
		for name, n := range stateOf(sim, repository).Counts {
			require.Positive(t, n, name)
			sum += n
		}
		require.EqualValues(t, items, sum)
	}
}

func TestProcessorTimesAreReadBehindAnyName(t *testing.T) {
	t.Parallel()
	times, err := parseTimes([]byte("77 (a) b (c)) S 5 77 77 0 -1 4194560 1 2 3 4 150 50 7 3 20 0 1 0 99 1000 2\n"))
	require.NoError(t, err)
	require.Equal(t, processTimes{parent: 5, own: 2 * time.Second, reaped: 100 * time.Millisecond}, times)
	_, err = parseTimes([]byte("77 (short) S 5"))
	require.Error(t, err)
}

func TestMemoryIsReadInBytes(t *testing.T) {
	t.Parallel()
	m, err := parseMemory([]byte("Name:\tworker\nVmHWM:\t   2048 kB\nRssAnon:\t1024 kB\nRssFile:\t 9 kB\nRssShmem:\t  3 kB\n"))
	require.NoError(t, err)
	require.Equal(t, memory{peak: 2 << 20, anonymous: 1 << 20, shared: 3 << 10}, m)
}

// What a child used is counted while it lives and after it was waited for.
func TestATreesTimeHoldsThatOfItsChildren(t *testing.T) {
	t.Parallel()
	shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read line`)
	in, err := shell.StdinPipe()
	require.NoError(t, err)
	out, err := shell.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, shell.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(t, err)
	children, err := childrenOf(os.Getpid())
	require.NoError(t, err)
	require.Contains(t, children, shell.Process.Pid)
	child, err := readTimes(shell.Process.Pid)
	require.NoError(t, err)
	require.Positive(t, child.own)
	living, err := treeTime(os.Getpid())
	require.NoError(t, err)
	require.GreaterOrEqual(t, living, child.own)
	require.NoError(t, in.Close())
	_ = shell.Wait() // `read` fails at the end of its input
	reaped, err := treeTime(os.Getpid())
	require.NoError(t, err)
	require.GreaterOrEqual(t, reaped, living)
}

func TestNextLink(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "",
		`<http://h/a?page=1>; rel="prev", <http://h/a?page=3&after=x>; rel="next", <http://h/a?page=9>; rel="last"`: "http://h/a?page=3&after=x",
		`<http://h/a?page=1>; rel="first"`: "",
	} {
		require.Equal(t, want, nextLink(header))
	}
}

// The loop goes beyond page 99 of issues, where only rel=next leads on.
func TestTheLoopStoresEveryItem(t *testing.T) {
	t.Parallel()
	s := spec(1000)
	s.Issues = 10_050
	repository := githubsim.Generate(seed, s)
	sim := githubsim.New(githubsim.Options{})
	sim.Add(repository)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	database := testenv.EmptyDatabaseURL(t)
	in, tell := io.Pipe()
	told, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- ServeLoop(t.Context(), server.URL+"/", database, repository.FullName(), in, out)
	}()
	l := &loopContender{in: tell, out: bufio.NewReader(told)}
	require.NoError(t, expect(l.out, loopReady))
	require.NoError(t, l.work(t.Context(), ""))
	require.NoError(t, tell.Close())
	require.NoError(t, <-ended)
	stored, err := countRows(t.Context(), database, l)
	require.NoError(t, err)
	require.Equal(t, stateOf(sim, repository).Counts, stored)

	run := Run{}
	require.NoError(t, compare(stateOf(sim, repository).Counts, stored, &run))
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	_, err = conn.Exec(t.Context(), "delete from plain.labels where key = (select min(key) from plain.labels)")
	require.NoError(t, err)
	stored, err = countRows(t.Context(), database, l)
	require.NoError(t, err)
	require.ErrorContains(t, compare(stateOf(sim, repository).Counts, stored, &Run{}), "labels: ", "a run that lost a row does not count")
}

func TestTheSimulatorIsTold(t *testing.T) {
	t.Parallel()
	repository := githubsim.Generate(seed, spec(1000))
	sim := githubsim.New(githubsim.Options{})
	sim.Add(repository)
	server, control := httptest.NewServer(sim), httptest.NewServer(controlHandler(sim, repository))
	t.Cleanup(server.Close)
	t.Cleanup(control.Close)
	s := simulator{api: server.URL, control: control.URL, http: server.Client()}
	require.NoError(t, s.begin(t.Context(), 30*time.Millisecond))
	start := time.Now()
	_, err := fetch(t.Context(), server.Client(), http.MethodGet, server.URL+"/repos/"+repository.FullName()+"/labels")
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
	state, err := s.state(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Requests)
	require.EqualValues(t, 1, state.InFlight)
	require.NoError(t, s.begin(t.Context(), 0))
	state, err = s.state(t.Context())
	require.NoError(t, err)
	require.Zero(t, state.Requests)
}

// example has runs whose rates are 100, 300 and 200 items a second against 50.
func example() Report {
	r := Report{Items: 1000, Runs: 3, Host: Host{Processor: "A processor", Cores: 2, Memory: 8 << 30, Kernel: "6.1"}}
	for _, seconds := range []float64{10, 10.0 / 3, 5} {
		for _, latency := range []int64{0, 100} {
			r.All = append(r.All,
				Run{
					Contender: NameHoldfast, LatencyMS: latency, Items: 1000, Seconds: seconds, Events: 4, InFlight: 10, Requests: 12,
					CPU: map[Part]float64{PartWorker: 1, PartAPI: 0.5, PartPostgres: 2}, Peak: map[Part]int64{PartWorker: 90 << 20},
				},
				Run{Contender: NameLoop, LatencyMS: latency, Items: 1000, Seconds: 20, CPU: map[Part]float64{PartLoop: 1}})
		}
	}
	return r
}

func TestTheTableHasMediansWithTheirSpread(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, example().WriteTable(&out))
	require.Regexp(t, `items a second +200 \(100–300\) +50 +200 \(100–300\) +50\n`, out.String())
	require.Regexp(t, `own processes +15\.00 +10\.00 +`, out.String())
	require.Regexp(t, `history events per 1,000 items +4\.00 +- +`, out.String())
	require.Contains(t, out.String(), "met     at 100 ms at least 4 times the loop's items a second with at most 10 requests in flight: 4.00 times with 10\n")
}

func TestAimsThatAreMissedAreSaid(t *testing.T) {
	t.Parallel()
	r := example()
	for i := range r.All {
		r.All[i].InFlight = 11
		r.All[i].Events = 6
		r.All[i].Peak = map[Part]int64{PartWorker: 200_000_000}
		if r.All[i].Contender == NameHoldfast {
			r.All[i].Seconds = 60
		}
	}
	for _, aim := range r.Aims() {
		require.False(t, aim.Met, aim.Text)
	}
	require.Len(t, r.Aims(), 4)
}

func TestMemoryThatGrowsIsNotFlat(t *testing.T) {
	t.Parallel()
	run := func(items, peak int64) MemoryRun {
		return MemoryRun{Run: Run{Items: items, Seconds: 1, Peak: map[Part]int64{PartWorker: peak}}}
	}
	require.True(t, memoryAim([]MemoryRun{run(10_000, 100<<20), run(100_000, 110<<20)}).Met)
	require.False(t, memoryAim([]MemoryRun{run(10_000, 100<<20), run(100_000, 130<<20)}).Met)
	require.False(t, memoryAim([]MemoryRun{run(10_000, 200_000_000)}).Met)
	require.Contains(t, MemoryMarkdown([]MemoryRun{run(10_000, 100<<20)}), "| 10,000 | 100 | 0 |")
	var out strings.Builder
	require.NoError(t, WriteMemory(&out, []MemoryRun{run(10_000, 100<<20)}))
	require.Contains(t, out.String(), "met     a worker's memory under 200 MB and flat")
}

func TestAMedianOfAnEvenNumberLiesBetween(t *testing.T) {
	t.Parallel()
	require.Equal(t, spread{2.5, 1, 4}, spreadOf([]float64{4, 1, 3, 2}))
	require.Equal(t, spread{7, 7, 7}, spreadOf([]float64{7}))
}

func TestReportAsJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, example().WriteJSON(&out))
	var back struct {
		All  []Run `json:"all"`
		Aims []Aim `json:"aims"`
	}
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	require.Equal(t, example().All, back.All)
	require.Len(t, back.Aims, 4)
}

func TestUpdateWritesBetweenTheMarkersOnly(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("before\n<!-- bench:speed -->\nold\n<!-- /bench:speed -->\nafter\n"), 0o600))
	for range 2 {
		require.NoError(t, Update(page, "speed", example().Markdown()))
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("before\n<!-- bench:speed -->\n%s<!-- /bench:speed -->\nafter\n", example().Markdown()), string(text))
	require.Contains(t, string(text), "| items a second | 200 (100–300) | 50 | 200 (100–300) | 50 |")
	require.Error(t, Update(page, "memory", ""))
}

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1_000_000: "1,000,000"} {
		require.Equal(t, want, thousands(n))
	}
}

func TestARoundAsksUntilTheTimeIsOver(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	l := newLoader(LoadOptions{Clients: 4, Rounds: 3, For: 20 * time.Millisecond})
	do := func(context.Context) error {
		asked.Add(1)
		return nil
	}
	load, err := l.takeTurns(t.Context(), do, do)
	require.NoError(t, err)
	require.Len(t, load.Holdfast.PerSecond, 3)
	require.Len(t, load.Plain.PerSecond, 3)
	require.Positive(t, load.ratio())
	require.Positive(t, asked.Load())
	_, err = l.takeTurns(t.Context(), do, func(context.Context) error { return errors.New("refused") })
	require.ErrorContains(t, err, "refused")
}

func TestALoadThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, load := range []LoadOptions{{0, 1, time.Second}, {1, 0, time.Second}, {1, 1, 0}, {2000, 1, time.Second}} {
		_, err := MeasureLoad(t.Context(), Options{}, load)
		require.ErrorContains(t, err, "must", load)
	}
}

func TestTheLoadsAims(t *testing.T) {
	t.Parallel()
	r := LoadReport{
		Clients: 2, Rounds: 1, Seconds: 4,
		Reads:  Load{Rate{[]float64{700}, time.Millisecond, 2 * time.Millisecond}, Rate{[]float64{1000}, time.Millisecond, time.Millisecond}},
		Starts: Load{Rate{[]float64{50}, time.Millisecond, time.Second}, Rate{[]float64{100}, time.Millisecond, time.Millisecond}},
	}
	text := r.Markdown()
	require.Contains(t, text, "| `GET /v1/operations/{id}` | 700 (700–700) | 1.0 ms | 2.0 ms | 1,000 (1,000–1,000) | 1.0 ms | 1.0 ms | 0.70 |")
	require.Contains(t, text, "| at least 0.6 of the plain limit's starts | 0.50 | missed |")
}
