package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/workflows"
)

func newAPICommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "api", Short: "Serve the REST API and its streams", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadAPI(p.env)
			if err != nil {
				return err
			}
			return runAPI(cmd.Context(), c, p.logger(c.LogLevel))
		},
	}
}

func newAllCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "all", Short: "Run the API and the worker in one process", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := config.LoadAPI(p.env)
			if err != nil {
				return err
			}
			w, err := config.LoadWorker(p.env)
			if err != nil {
				return err
			}
			log := p.logger(a.LogLevel)
			group, ctx := errgroup.WithContext(cmd.Context())
			group.Go(func() error { return runAPI(ctx, a, log) })
			group.Go(func() error { return runWorker(ctx, w, log) })
			return group.Wait()
		},
	}
}

func runAPI(ctx context.Context, c config.API, log *slog.Logger) error {
	s, err := connect(ctx, c.Server, "holdfast api", log)
	if err != nil {
		return err
	}
	defer s.close()
	hub := progress.NewHub(progress.HubOptions{Redis: s.redis, Source: s.store, Logger: log})
	defer hub.Close()
	handler, err := newAPI(c, s, hub)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("HOLDFAST_LISTEN: %w", err)
	}
	server := handler.Server(c.Listen)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		hub.Run(ctx)
		return nil
	})
	group.Go(func() error {
		log.InfoContext(ctx, "the API is ready", "address", listener.Addr().String(), "version", version)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the API: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		log.InfoContext(ctx, "the API stops", "within", c.ShutdownTimeout.String())
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.ShutdownTimeout)
		defer cancel()
		return errors.Join(handler.Shutdown(stopCtx), server.Shutdown(stopCtx))
	})
	return group.Wait()
}

func newAPI(c config.API, s *services, hub *progress.Hub) (*api.API, error) {
	keys, err := c.Keys()
	if err != nil {
		return nil, err
	}
	verifier, err := auth.NewVerifier(time.Now, keys...)
	if err != nil {
		return nil, fmt.Errorf("read the keys of tokens: %w", err)
	}
	starter := workflows.NewStarter(s.temporal)
	return api.New(api.Options{
		Operations: s.store, Repositories: s.store, Starter: starter,
		Health:  health{"postgres": s.store.Ping, "temporal": starter.Check},
		Streams: hub, Waker: s.publisher, Verifier: verifier, Logger: s.log,
		Collections: collection.NewRegistry().Names(), Version: version,
	})
}

// health asks the services that the API cannot do without, by name. Redis is not
// among them: without it streams are slower and everything else is the same.
type health map[string]func(context.Context) error

// Check asks each service.
func (h health) Check(ctx context.Context) map[string]error {
	out := make(map[string]error, len(h))
	for name, check := range h {
		out[name] = check(ctx)
	}
	return out
}
