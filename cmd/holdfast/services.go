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

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/store"
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
	log       *slog.Logger
}

// connect opens the connections. None of the services needs to be up yet.
func connect(ctx context.Context, c config.Server, application string, log *slog.Logger) (*services, error) {
	options, err := redis.ParseURL(c.RedisURL)
	if err != nil {
		return nil, errors.New("HOLDFAST_REDIS_URL cannot be read")
	}
	// Without it a Redis that accepts but never answers holds its caller up.
	options.ContextTimeoutEnabled = true
	redis.SetLogger(redisLog{log})
	pool, err := store.Open(ctx, c.URL, application, c.MaxConns)
	if err != nil {
		return nil, err
	}
	temporalOptions := c.Temporal
	temporalOptions.Logger = log.With("component", "temporal")
	temporalClient, err := client.NewLazyClient(temporalOptions)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("make the Temporal client: %w", err)
	}
	s := &services{pool: pool, store: store.New(pool), redis: redis.NewClient(options), temporal: temporalClient, log: log}
	s.publisher = progress.NewPublisher(s.redis, progress.DefaultStream, log)
	return s, nil
}

func (s *services) close() {
	s.temporal.Close()
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

// redisLog hands on what go-redis says: that Redis is away, among others.
type redisLog struct{ log *slog.Logger }

// Printf logs one line.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, "Redis", "says", fmt.Sprintf(format, v...))
}
