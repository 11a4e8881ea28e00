package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/payload"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/internal/telemetry"
	"github.com/holdfast/holdfast/store"
	"github.com/holdfast/holdfast/workflows"
)

// poolPatience is how long a process that ends waits for its database connections.
const poolPatience = 5 * time.Second

// services are the connections that a server process holds, one pool each.
type services struct {
	pool      *pgxpool.Pool
	store     *store.Store
	redis     *redis.Client
	publisher *progress.Publisher
	temporal  client.Client
	payloads  converter.DataConverter // of temporal
	telemetry *telemetry.Telemetry
	ready     *telemetry.Readiness
	log       *slog.Logger
	asking    asking
}

// connect opens the connections. None of the services needs to be up yet.
func connect(ctx context.Context, c config.Server, application string, told *telemetry.Telemetry) (_ *services, err error) {
	log := told.Logger
	options, err := redisOptions(c)
	if err != nil {
		return nil, err
	}
	redis.SetLogger(redisLog{log})
	address, err := addressOf(c.Database)
	if err != nil {
		return nil, err
	}
	keys, err := c.Keyset()
	if err != nil {
		return nil, err
	}
	pool, err := store.Open(ctx, address, application, c.MaxConns, store.WithLifetime(c.ConnLifetime), store.WithTracer(queryTracer(told)))
	if err != nil {
		return nil, err
	}
	s := &services{pool: pool, store: store.New(pool), redis: redis.NewClient(options), telemetry: told, ready: new(telemetry.Readiness), log: log}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.store, err = s.store.WithMetrics(told.MeterProvider); err != nil {
		return nil, err
	}
	if err := errors.Join(measurePool(told, pool), observeRedis(told, s.redis)); err != nil {
		return nil, err
	}
	temporalOptions := c.Temporal
	payload.Configure(&temporalOptions, keys)
	if err := observeTemporal(told, &temporalOptions); err != nil {
		return nil, err
	}
	s.payloads = temporalOptions.DataConverter
	s.temporal, err = client.NewLazyClient(temporalOptions)
	if err != nil {
		return nil, fmt.Errorf("make the Temporal client: %w", err)
	}
	s.publisher = progress.NewPublisher(s.redis, progress.DefaultStream, log)
	s.ready.Need("postgres", s.store.Ping)
	s.ready.Need("temporal", workflows.NewStarter(s.temporal, c.Temporal.Namespace).Check)
	return s, nil
}

func (s *services) close() {
	s.asking.close()
	if s.temporal != nil {
		s.temporal.Close()
	}
	if err := s.redis.Close(); err != nil {
		s.log.Warn("closing Redis failed", "error", err)
	}
	// It waits for every connection, and a database that hangs gives none back.
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(poolPatience):
		s.log.Warn("the database did not give its connections back in time")
	}
}
