package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/oidc"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/payload"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/internal/signin"
	"github.com/holdfast/holdfast/internal/telemetry"
	"github.com/holdfast/holdfast/internal/throttle"
	"github.com/holdfast/holdfast/store"
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
			only := server{name: "holdfast api", service: "holdfast-api", config: c.Server, configs: []any{c}}
			return only.run(cmd.Context(), p, apiPart(c))
		},
	}
}

// apiPart serves the API.
func apiPart(c config.API) part {
	return part{name: "api", run: func(ctx context.Context, s *services, up func()) error { return runAPI(ctx, c, s, up) }}
}

func runAPI(ctx context.Context, c config.API, s *services, up func()) error {
	log := s.log
	hub := progress.NewHub(progress.HubOptions{Redis: s.redis, Source: s.store, Feeds: s.store, Logger: log})
	defer hub.Close()
	starter := workflows.NewStarter(s.temporal, c.Temporal.Namespace)
	told := delivery.NewAnnouncements(starter.Watch, delivery.Mark(s.store), log)
	issuers, err := newIssuers(c, s)
	if err != nil {
		return err
	}
	handler, err := newAPI(c, s, hub, starter, told, issuers)
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
		told.Run(ctx)
		return nil
	})
	group.Go(func() error {
		issuers.Run(ctx)
		return nil
	})
	group.Go(func() error {
		up()
		log.InfoContext(ctx, "the API is ready", "address", listener.Addr().String(), "version", version)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the API: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		log.InfoContext(ctx, "the API stops", "within", c.ShutdownTimeout.String())
		return stopAPI(context.WithoutCancel(ctx), handler, server, c.ShutdownTimeout)
	})
	return group.Wait()
}

// stopAPI lets the requests and streams that are open end, and breaks off those that
// have not ended in time: one that hangs does not hold the process's end up.
func stopAPI(ctx context.Context, handler *api.API, server *http.Server, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	streams := make(chan error)
	go func() { streams <- handler.Shutdown(ctx) }()
	err := errors.Join(server.Shutdown(ctx), <-streams)
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("broke off what had not ended within %s: %w", within, err), server.Close())
}

func newAPI(c config.API, s *services, hub *progress.Hub, starter *workflows.Starter, told *delivery.Announcements, issuers *oidc.Verifier) (*api.API, error) {
	keys, err := c.Keys()
	if err != nil {
		return nil, err
	}
	verifier, err := auth.NewVerifier(time.Now, keys...)
	if err != nil {
		return nil, fmt.Errorf("read the keys of tokens: %w", err)
	}
	payloadKeys, err := c.Keyset()
	if err != nil {
		return nil, err
	}
	origins, err := c.Origins()
	if err != nil {
		return nil, err
	}
	pages, err := c.PagesOfStreams()
	if err != nil {
		return nil, err
	}
	webhooks, err := newReceiver(c, s, told)
	if err != nil {
		return nil, err
	}
	// Redis is not among the services that the API cannot do without: without it
	// streams are slower and everything else is the same.
	needs := new(telemetry.Readiness)
	needs.Need("postgres", s.store.Ping)
	needs.Need("temporal", starter.Check)
	collections := collection.NewRegistry()
	options := api.Options{
		Operations: s.store, Repositories: s.store, Changes: s.store, Keys: s.store, Members: s.store, Sessions: s.store, Workspaces: s.store, Audit: s.store, Answers: s.store, Starter: starter, Schedules: workflows.NewPlanner(s.temporal, c.Temporal.Namespace, s.payloads),
		Statuses: &store.Statuses{
			Store: s.store, Collections: collection.NewRegistry(), Policy: operation.SweepPolicy{Every: c.SweepEvery}, Now: time.Now,
		},
		Webhooks: webhooks, Health: needs, Streams: hub, Waker: s.publisher, Tickets: progress.NewTickets(s.redis), Verifier: verifier, Issuers: issuers, Logger: s.log,
		Collections:             collections.Expand(collection.ScopeRepository, []string{collection.PresetAll}),
		OrganizationCollections: collections.Expand(collection.ScopeOrganization, []string{collection.PresetAll}),
		Presets:                 collection.Presets(), Version: version,
		Codec: payload.NewServer(payloadKeys), InstallationWorkspace: config.DefaultWorkspace, TemporalUIOrigin: c.TemporalUIOrigin, Origins: origins, StreamOrigins: pages,
		TracerProvider: s.telemetry.TracerProvider, MeterProvider: s.telemetry.MeterProvider, Propagator: s.telemetry.Propagator,
	}
	if err := openEntrances(&options, c, s); err != nil {
		return nil, err
	}
	if c.RequestsPerMinute > 0 {
		options.Throttle = throttle.New(s.redis, c.RequestsPerMinute)
	}
	if err := administer(&options, c, s); err != nil {
		return nil, err
	}
	return api.New(options)
}

// entrancesPerMinute is how often one address may sign in, refresh or sign out: many people
// may come from the one address of their proxy.
const entrancesPerMinute = 120

// openEntrances adds to an API's options how people come in.
func openEntrances(o *api.Options, c config.API, s *services) (err error) {
	if o.Issuer, err = newIssuer(c); err != nil {
		return err
	}
	if c.RequestsPerMinute > 0 {
		o.EntranceThrottle = throttle.New(s.redis, entrancesPerMinute)
	}
	if c.SignsIn() {
		o.SignIn = signin.New(signin.Options{
			ClientID: c.OAuthClientID, ClientSecret: c.OAuthClientSecret, WebURL: c.OAuthURL, APIURL: c.GitHubURL, Callback: c.OAuthCallback, Redis: s.redis,
		})
	}
	return nil
}

// newIssuer signs the tokens of sessions; nil where there is no key to sign with.
func newIssuer(c config.API) (*auth.Issuer, error) {
	if c.PrivateKey == "" {
		return nil, nil
	}
	key, err := auth.ParsePrivateKey(c.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("HOLDFAST_JWT_PRIVATE_KEY: %w", err)
	}
	return auth.NewIssuer(key, time.Now), nil
}

// newIssuers verifies tokens of the issuers that are named, which may be none.
func newIssuers(c config.API, s *services) (*oidc.Verifier, error) {
	issuers, err := c.OIDC()
	if err != nil {
		return nil, err
	}
	return oidc.New(oidc.Options{Issuers: issuers, Workspaces: s.store, Logger: s.log, MeterProvider: s.telemetry.MeterProvider})
}

// newReceiver takes the deliveries of all connections.
func newReceiver(c config.API, s *services, told *delivery.Announcements) (*delivery.Receiver, error) {
	collections := collection.NewRegistry()
	metrics, err := delivery.NewMetrics(s.telemetry.MeterProvider, collections)
	if err != nil {
		return nil, err
	}
	held, err := newCredentials(c.GitHub, "", s)
	if err != nil {
		return nil, err
	}
	return &delivery.Receiver{
		Directory: &directory{
			environment: delivery.Connection{Name: config.DefaultConnection, WorkspaceID: config.DefaultWorkspace, Secrets: c.Secrets()},
			kept:        &delivery.Remembering{Directory: keptConnections{held}, Now: time.Now},
		},
		Collections: collections, Keeper: s.store, Announce: told.Announce, Metrics: metrics, Logger: s.log,
	}, nil
}
