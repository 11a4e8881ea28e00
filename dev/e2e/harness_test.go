package e2e_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/chaos"
	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/internal/testenv"
)

// syncTimeout bounds a sync, kills and restarts included.
const syncTimeout = 5 * time.Minute

// binary is the holdfast executable that TestMain builds.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holdfast-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "holdfast")
	code := 1
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
	} else {
		code = m.Run()
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// build makes the binary from the tree as it is, never from an older one.
func build(path string) error {
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/holdfast")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build holdfast: %w\n%s", err, out)
	}
	return nil
}

// options say what a test's world is like. The zero value serves a generated
// repository of 1,000 items.
type options struct {
	items     int
	seed      uint64
	simulator githubsim.Options
	env       []string // of the product's processes, as "NAME=value"
	binary    string   // the holdfast executable; empty: the one of the tree
	// before sees what GitHub is asked before the simulator does; nil: nobody does.
	before func(http.Handler) http.Handler
}

// timeScale makes GitHub's minute short enough that no test waits for it, unless it means to.
const timeScale = 0.02

// world is one test's own Holdfast and GitHub.
type world struct {
	t       *testing.T
	sim     *githubsim.Server
	repo    *githubsim.Repository
	pool    *pgxpool.Pool // on the mirror
	product *product.Product
	api     *product.API
	client  *client.Client
	asked   *chaos.Asked
	dir     string

	productOptions product.Options // what the processes run on

	temporalAddress, temporalNamespace string
	databaseURL, redisURL              string

	mu      sync.Mutex
	workers int // started so far, for their names
}

// setup makes a world without a worker.
func setup(t *testing.T, o options) *world {
	t.Helper()
	if o.items == 0 {
		o.items = 1000
	}
	if o.seed == 0 {
		o.seed = 1
	}
	w := &world{t: t, asked: chaos.NewAsked(), dir: t.TempDir()}
	address, namespace := testenv.Temporal(t)
	w.temporalAddress, w.temporalNamespace = address, namespace
	o.simulator.Observe = w.asked.Observe
	w.sim = githubsim.New(o.simulator)
	w.repo = githubsim.Generate(o.seed, githubsim.SpecForItems(o.items))
	w.sim.Add(w.repo)
	var served http.Handler = w.sim
	if o.before != nil {
		served = o.before(w.sim)
	}
	github := httptest.NewServer(served)
	t.Cleanup(github.Close)

	databaseURL, redisURL := testenv.DatabaseURL(t), testenv.RedisURL(t)
	w.databaseURL, w.redisURL = databaseURL, redisURL
	var err error
	w.pool, err = pgxpool.New(t.Context(), databaseURL)
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	w.productOptions = product.Options{
		Binary: cmp.Or(o.binary, binary), Dir: w.dir, DatabaseURL: databaseURL, RedisURL: redisURL,
		TemporalAddress: address, TemporalNamespace: namespace,
		GitHubURL: github.URL + "/", PrivateKey: product.NewPrivateKey(), Env: o.env, TimeScale: timeScale,
	}
	w.product = product.New(w.productOptions)
	w.startAPI()
	return w
}

// startAPI starts the API and a client of it.
func (w *world) startAPI() {
	w.t.Helper()
	api, err := w.product.StartAPI(w.t.Context(), "api", 0)
	require.NoError(w.t, err)
	w.stopAtEnd(api.Process)
	token, err := w.product.Token(w.t.Context(), "admin")
	require.NoError(w.t, err)
	w.api = api
	w.client, err = client.New(api.URL, token, nil)
	require.NoError(w.t, err)
}

// startWorker starts one more worker.
func (w *world) startWorker() *localservice.Process {
	w.t.Helper()
	w.mu.Lock()
	w.workers++
	name := fmt.Sprintf("worker-%d", w.workers)
	w.mu.Unlock()
	worker, err := w.product.StartWorker(name)
	require.NoError(w.t, err)
	w.stopAtEnd(worker)
	return worker
}

// stopAtEnd stops a process after the test and shows its log if the test failed.
func (w *world) stopAtEnd(p *localservice.Process) {
	w.t.Cleanup(func() {
		ended := p.Err()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.t.Context()), time.Minute)
		defer cancel()
		require.NoError(w.t, p.Stop(ctx))
		if w.t.Failed() {
			w.t.Log(p.LogTail(40))
		}
		require.NoError(w.t, ended, "a process ended that nobody stopped")
	})
}

// startSync starts a sync of the repository.
func (w *world) startSync() operation.Operation {
	w.t.Helper()
	op, err := w.client.StartSync(w.t.Context(), client.SyncRequest{Repository: w.repo.FullName()})
	require.NoError(w.t, err)
	return op
}

// awaitEnd follows an operation over its stream to its end.
func (w *world) awaitEnd(id string) operation.Operation {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), syncTimeout)
	defer cancel()
	op, err := w.client.Watch(ctx, id, -1, func(operation.Operation, progress.Message) error { return nil })
	require.NoError(w.t, err)
	return op
}

// sync runs a sync to its end, which has to be success.
func (w *world) sync() operation.Operation {
	w.t.Helper()
	op := w.awaitEnd(w.startSync().ID)
	w.requireSucceeded(op)
	return op
}

func (w *world) requireSucceeded(op operation.Operation) {
	w.t.Helper()
	require.Equal(w.t, operation.StateSucceeded, op.State, "failure: %+v", op.Failure)
}

// requireMirrored fails unless the mirror holds every item of the source, equal, and
// nothing else.
func (w *world) requireMirrored() {
	w.t.Helper()
	compared, err := mirror.Compare(w.t.Context(), w.pool, w.sim, config.DefaultWorkspace, w.repo)
	require.NoError(w.t, err)
	for _, name := range collection.NewRegistry().Expand(collection.ScopeRepository, nil) {
		require.Contains(w.t, compared, name)
	}
	for name, c := range compared {
		require.Empty(w.t, c.Difference(), name)
		require.Equal(w.t, c.Source, c.Mirrored, name)
	}
}

// written sums the rows that an operation wrote, by collection, without zeros.
func written(op operation.Operation) map[string]int64 {
	rows := map[string]int64{}
	for _, c := range op.Collections {
		if c.Written > 0 {
			rows[c.Name] = c.Written
		}
	}
	return rows
}
