package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// seed makes the repository the same in every run of every build.
const seed = 1

// Collections are those whose lists have 100 items a page: all but the repository
// itself, which is no list, and the reviews, which are listed for each pull request.
func Collections() []collection.Collection {
	var listed []collection.Collection
	for _, c := range collection.All() {
		if c.Core && c.Scope == collection.ScopeRepository && c.Mode != collection.Single && c.Mode != collection.PerParent {
			listed = append(listed, c)
		}
	}
	return listed
}

// spec is the fixed mix: the believable one, with exactly that many items in the
// listed collections. Reviews stay in it, unread: review comments belong to them.
func spec(items int) githubsim.Spec {
	s := githubsim.SpecForItems(items)
	const repository = 1
	s.IssueComments = max(0, s.IssueComments+items-(s.Items()-s.Reviews-repository))
	return s
}

// SimulatorOptions say what a simulated GitHub serves and where.
type SimulatorOptions struct {
	Items       int // in the listed collections
	Port        int // of GitHub's API, on 127.0.0.1
	ControlPort int // of what the benchmark asks, on 127.0.0.1

	EnforceLimits bool // those that GitHub publishes
}

// simulatorState is what the benchmark is told.
type simulatorState struct {
	Repository string           `json:"repository"` // "owner/name"
	Counts     map[string]int64 `json:"counts"`     // items by collection
	Requests   int64            `json:"requests"`   // since the run began
	InFlight   int64            `json:"in_flight"`  // at most, since the run began
	Statuses   map[int]int64    `json:"statuses"`   // since the run began
	GraphQL    int64            `json:"graphql"`    // of the requests
}

// ServeSimulator serves a generated repository until ctx ends. It listens when the
// repository is made, which takes half a minute for a million items.
func ServeSimulator(ctx context.Context, o SimulatorOptions) error {
	repository := githubsim.Generate(seed, spec(o.Items))
	sim := githubsim.New(githubsim.Options{Enforce: o.EnforceLimits})
	sim.Add(repository)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve(ctx, o.Port, sim) })
	group.Go(func() error { return serve(ctx, o.ControlPort, controlHandler(sim, repository)) })
	return group.Wait()
}

// controlHandler answers what the benchmark asks.
func controlHandler(sim *githubsim.Server, repository *githubsim.Repository) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /begin", func(w http.ResponseWriter, r *http.Request) { begin(sim, w, r) })
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { answer(w, stateOf(sim, repository), nil) })
	mux.HandleFunc("POST /change", func(w http.ResponseWriter, _ *http.Request) {
		changed, err := changeSome(sim, repository)
		answer(w, changed, err)
	})
	mux.HandleFunc("POST /edit", func(w http.ResponseWriter, r *http.Request) {
		sent, err := editSteadily(r.Context(), sim, repository, r)
		answer(w, sent, err)
	})
	return mux
}

// answer writes what was asked for, or why there is none.
func answer(w http.ResponseWriter, what any, err error) {
	if err == nil {
		err = json.NewEncoder(w).Encode(what)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func serve(ctx context.Context, port int, handler http.Handler) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("start the simulated GitHub: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() }) // the process ends
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated GitHub: %w", err)
	}
	return nil
}

// begin counts from zero and answers with that latency from now on.
func begin(sim *githubsim.Server, w http.ResponseWriter, r *http.Request) {
	latency, err := time.ParseDuration(r.FormValue("latency"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	plan := githubsim.FaultPlan{}
	if latency > 0 {
		plan.Faults = []githubsim.Fault{{Kind: githubsim.FaultLatency, Delay: latency}}
	}
	sim.SetFaults(plan)
	sim.ResetStats()
}

func stateOf(sim *githubsim.Server, repository *githubsim.Repository) simulatorState {
	stats := sim.Stats()
	state := simulatorState{
		Repository: repository.FullName(), Counts: map[string]int64{},
		Requests: stats.Total, InFlight: int64(stats.MaxInFlight),
		Statuses: stats.Statuses, GraphQL: stats.Requests["graphql"],
	}
	owner, name := split(state.Repository)
	for _, c := range Collections() {
		state.Counts[c.Name] = int64(sim.Count(owner, name, c.Name))
	}
	return state
}

// simulator is the benchmark's hold on the simulator's process.
type simulator struct {
	api     string // GitHub's base URL
	control string
	http    *http.Client
}

func (s simulator) begin(ctx context.Context, latency time.Duration) error {
	_, err := s.ask(ctx, http.MethodPost, "/begin?latency="+url.QueryEscape(latency.String()))
	return err
}

func (s simulator) state(ctx context.Context) (simulatorState, error) {
	var state simulatorState
	body, err := s.ask(ctx, http.MethodGet, "/state")
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(body, &state); err != nil {
		return state, fmt.Errorf("read the simulator's state: %w", err)
	}
	return state, nil
}

// change has one in a hundred items changed and tells how many that are, by collection.
func (s simulator) change(ctx context.Context) (map[string]int, error) {
	body, err := s.ask(ctx, http.MethodPost, "/change")
	if err != nil {
		return nil, err
	}
	var changed map[string]int
	if err := json.Unmarshal(body, &changed); err != nil {
		return nil, fmt.Errorf("read what was changed: %w", err)
	}
	return changed, nil
}

func (s simulator) ask(ctx context.Context, method, path string) ([]byte, error) {
	return fetch(ctx, s.http, method, s.control+path)
}
