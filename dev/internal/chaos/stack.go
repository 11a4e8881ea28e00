package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	temporal "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/workflows"
)

const (
	// scale shortens GitHub's windows and the product's back-offs alike: an hour is 6 s.
	scale = 1.0 / 600
	// stopTimeout is how long a part may take to end in order.
	stopTimeout = 25 * time.Second
	database    = "chaos"
	hookSecret  = "the hook's secret" //nolint:gosec // of a hook that nobody else has
)

// Options say what a stack runs.
type Options struct {
	Holdfast          string // the executable
	Dir               string // data and logs; exists, and others than root can enter it
	TemporalAddress   string
	TemporalNamespace string
	Log               *slog.Logger
}

// Stack is a Holdfast with everything that it runs on, whose parts can be killed:
// Postgres, Redis and workers. Temporal is handed in.
type Stack struct {
	options  Options
	postgres *localservice.Postgres
	redis    *localservice.Redis
	sim      *githubsim.Server
	hook     *githubsim.Hook // of all repositories
	github   *http.Server
	product  *product.Product
	api      *product.API
	client   *client.Client
	pool     *pgxpool.Pool
	temporal temporal.Client
	starter  *workflows.Starter

	observer atomic.Pointer[func(githubsim.Exchange)] // of the plan that runs

	mu      sync.Mutex
	worker  *localservice.Process
	workers int // started so far, for their logs
}

// Start starts a stack.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{options: o}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startPostgres(groupCtx, 0) })
	group.Go(func() error { return s.startRedis(groupCtx, 0) })
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.postgres.CreateDatabase(ctx, database); err != nil {
		return err
	}
	github, err := s.serveGitHub()
	if err != nil {
		return err
	}
	port, err := localservice.FreePort()
	if err != nil {
		return err
	}
	s.hook = s.sim.AddHook(githubsim.HookOptions{
		Of: owner, URL: fmt.Sprintf("http://127.0.0.1:%d/v1/webhooks/%s", port, config.DefaultConnection), Secret: hookSecret,
	})
	s.product = product.New(product.Options{
		Binary: s.options.Holdfast, Dir: s.options.Dir, DatabaseURL: s.postgres.URL(database), RedisURL: s.redis.URL(),
		TemporalAddress: s.options.TemporalAddress, TemporalNamespace: s.options.TemporalNamespace,
		GitHubURL: github, GitHubToken: "chaos", PrivateKey: product.NewPrivateKey(), TimeScale: scale,
		Env: []string{
			"HOLDFAST_WEBHOOK_SECRET=" + hookSecret, "HOLDFAST_WEBHOOK_HOOK=" + s.hook.Path(),
		},
	})
	if err := s.product.Migrate(ctx); err != nil {
		return err
	}
	if s.pool, err = pgxpool.New(ctx, s.postgres.URL(database)); err != nil {
		return fmt.Errorf("open the mirror: %w", err)
	}
	s.temporal, err = temporal.DialContext(ctx, temporal.Options{
		HostPort: s.options.TemporalAddress, Namespace: s.options.TemporalNamespace,
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}
	s.starter = workflows.NewStarter(s.temporal, s.options.TemporalNamespace)
	return s.startProduct(ctx, port)
}

func (s *Stack) startPostgres(ctx context.Context, port int) (err error) {
	s.postgres, err = localservice.StartPostgres(ctx, localservice.PostgresOptions{
		Dir: filepath.Join(s.options.Dir, "postgres"), Port: port, Log: s.options.Log, // not Throwaway: it is killed
	})
	return err
}

func (s *Stack) startRedis(ctx context.Context, port int) (err error) {
	s.redis, err = localservice.StartRedis(ctx, localservice.RedisOptions{
		Dir: filepath.Join(s.options.Dir, "redis"), Port: port, Log: s.options.Log,
	})
	return err
}

// serveGitHub serves the simulated GitHub and gives its URL.
func (s *Stack) serveGitHub() (string, error) {
	s.sim = githubsim.New(githubsim.Options{
		Window: time.Duration(scale * float64(time.Hour)),
		Observe: func(x githubsim.Exchange) {
			if observe := s.observer.Load(); observe != nil {
				(*observe)(x)
			}
		},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the simulated GitHub: %w", err)
	}
	s.github = &http.Server{Handler: s.sim, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = s.github.Serve(listener) }() // ends with the stack
	return "http://" + listener.Addr().String() + "/", nil
}

func (s *Stack) startProduct(ctx context.Context, port int) (err error) {
	if s.api, err = s.product.StartAPI(ctx, "api", port); err != nil {
		return err
	}
	token, err := s.product.Token(ctx, "admin")
	if err != nil {
		return err
	}
	if s.client, err = client.New(s.api.URL, token, nil); err != nil {
		return err
	}
	return s.startWorker()
}

func (s *Stack) startWorker() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers++
	worker, err := s.product.StartWorker(fmt.Sprintf("worker-%d", s.workers))
	if err == nil {
		s.worker = worker
	}
	return err
}

// kill kills a part with SIGKILL and starts it again.
func (s *Stack) kill(ctx context.Context, victim Victim) error {
	var err error
	switch victim {
	case VictimWorker:
		s.mu.Lock()
		worker := s.worker
		s.mu.Unlock()
		if err = worker.Kill(); err == nil {
			err = s.startWorker()
		}
	case VictimPostgres:
		port := s.postgres.Port()
		if err = s.postgres.Process().Kill(); err == nil {
			err = s.startPostgres(ctx, port)
		}
	case VictimRedis:
		port := s.redis.Port()
		if err = s.redis.Kill(ctx); err == nil {
			err = s.startRedis(ctx, port)
		}
	default:
		return fmt.Errorf("there is no %q to kill", victim)
	}
	if err != nil {
		return fmt.Errorf("kill %s and start it again: %w", victim, err)
	}
	return nil
}

// Stop ends all parts, Postgres and Redis after who uses them.
func (s *Stack) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if s.hook != nil {
		s.hook.Close()
	}
	var group errgroup.Group
	if s.worker != nil {
		group.Go(func() error { return s.worker.Stop(ctx) })
	}
	if s.api != nil {
		group.Go(func() error { return s.api.Process.Stop(ctx) })
	}
	if s.github != nil {
		group.Go(s.github.Close)
	}
	err := group.Wait()
	if s.pool != nil {
		s.pool.Close()
	}
	if s.temporal != nil {
		s.temporal.Close()
	}
	if s.redis != nil {
		err = errors.Join(err, s.redis.Stop(ctx))
	}
	if s.postgres != nil {
		err = errors.Join(err, s.postgres.Stop(ctx))
	}
	return err
}

// LogTail is the end of what the processes logged.
func (s *Stack) LogTail(lines int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.worker.LogTail(lines) + s.api.Process.LogTail(lines)
}
