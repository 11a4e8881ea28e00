package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/secret"
)

// stopTimeout is how long the processes may take to end in order.
const stopTimeout = 25 * time.Second

// Options say what a run runs on.
type Options struct {
	Holdfast          string // the executable
	Dir               string // logs; exists
	DatabaseURL       string // of an empty database
	RedisURL          string // of a logical database that nobody else uses
	TemporalAddress   string
	TemporalNamespace string
	// KillRedis kills Redis and starts it again after a while; nil: it cannot be done.
	KillRedis func(ctx context.Context, away time.Duration) error
	Log       *slog.Logger
}

// stack is the processes of a run.
type stack struct {
	options Options
	plan    Plan
	github  *gitHub
	product *product.Product
	api     *product.API
	client  *client.Client
	pool    *pgxpool.Pool

	mu      sync.Mutex
	workers []*worker
}

// worker is one of the worker processes.
type worker struct {
	name    string
	door    string // by which it reaches GitHub
	process *localservice.Process
}

func start(ctx context.Context, o Options, p Plan) (*stack, error) {
	s := &stack{options: o, plan: p}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *stack) start(ctx context.Context) (err error) {
	if s.github, err = newGitHub(s.plan); err != nil {
		return err
	}
	door, err := s.github.door("api")
	if err != nil {
		return err
	}
	if s.product, err = s.configure(door); err != nil {
		return err
	}
	if err := s.product.Migrate(ctx); err != nil {
		return err
	}
	if s.pool, err = pgxpool.New(ctx, s.options.DatabaseURL); err != nil {
		return fmt.Errorf("open the mirror: %w", err)
	}
	if s.api, err = s.product.StartAPI(ctx, "api", 0); err != nil {
		return err
	}
	token, err := s.product.Token(ctx, "admin")
	if err != nil {
		return err
	}
	if s.client, err = client.New(s.api.URL, token, nil); err != nil {
		return err
	}
	for i := range s.plan.Workers {
		one := &worker{name: fmt.Sprintf("worker-%d", i+1)}
		if one.door, err = s.github.door(one.name); err != nil {
			return err
		}
		s.workers = append(s.workers, one)
		if err := s.startWorker(one); err != nil {
			return err
		}
	}
	return nil
}

// configure is the product, whose processes have that door unless they are given another.
func (s *stack) configure(door string) (*product.Product, error) {
	keys, err := secret.New()
	if err != nil {
		return nil, err
	}
	keyset, err := keys.Encode()
	if err != nil {
		return nil, err
	}
	o := s.options
	return product.New(product.Options{
		Binary: o.Holdfast, Dir: o.Dir, DatabaseURL: o.DatabaseURL, RedisURL: o.RedisURL,
		TemporalAddress: o.TemporalAddress, TemporalNamespace: o.TemporalNamespace,
		GitHubURL: baseURL, TimeScale: s.plan.scale(), PrivateKey: product.NewPrivateKey(),
		Env: append([]string{"HOLDFAST_SECRETS_KEYSET=" + keyset, "NO_PROXY=", "no_proxy="}, through(door)...),
	}), nil
}

// through makes a process reach GitHub by a door.
func through(door string) []string { return []string{"HTTP_PROXY=" + door, "http_proxy=" + door} }

func (s *stack) startWorker(w *worker) (err error) {
	process, err := s.product.Start(w.name, through(w.door), "worker")
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.process = process
	}
	return err
}

// killWorker kills a worker and starts another one in its place.
func (s *stack) killWorker() error {
	first := s.workers[0]
	if err := first.process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", first.name, err)
	}
	return s.startWorker(first)
}

// connect makes a connection of each user's token, with the reserve, and gives the
// connections as GitHub has named their accounts.
func (s *stack) connect(ctx context.Context) ([]client.Connection, error) {
	var made []client.Connection
	for i, user := range s.github.users {
		name := "fleet-" + strconv.Itoa(i+1)
		one, err := s.client.CreateConnection(ctx, client.ConnectionRequest{
			Name: &name, Token: user.Tokens[0].Value, Reserve: &client.Reserve{Percent: &s.plan.Reserve},
		})
		if err != nil {
			return nil, err
		}
		if one.Account == "" {
			return nil, fmt.Errorf("the connection %s has no account: it is %s, %s", name, one.State, one.StateReason)
		}
		made = append(made, one)
	}
	return made, nil
}

// stop ends all processes.
func (s *stack) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	var group errgroup.Group
	for _, w := range s.workers {
		if w.process != nil {
			group.Go(func() error { return w.process.Stop(ctx) })
		}
	}
	if s.api != nil {
		group.Go(func() error { return s.api.Process.Stop(ctx) })
	}
	err := group.Wait()
	if s.pool != nil {
		s.pool.Close()
	}
	if s.github != nil {
		err = errors.Join(err, s.github.close())
	}
	return err
}

// logTail is the end of what the processes logged.
func (s *stack) logTail(lines int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	tail := s.api.Process.LogTail(lines)
	for _, w := range s.workers {
		tail += w.process.LogTail(lines)
	}
	return tail
}
