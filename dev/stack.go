package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/dev/internal/temporalserver"
	"github.com/holdfast/holdfast/internal/localservice"
)

// stopTimeout is how long a service or a process of Holdfast's may take to end in
// order, and more than the processes take: see product.New.
const stopTimeout = 25 * time.Second

// stackOptions say how to run the services. Ports of 0 are chosen freely.
type stackOptions struct {
	dir          string // data and logs
	keep         bool   // the data outlives this run
	timeZone     string // of Postgres; empty: UTC
	postgresPort int
	redisPort    int
	temporalPort int
	uiPort       int
	log          *slog.Logger
}

// stack is the services that Holdfast runs on.
type stack struct {
	postgres    *localservice.Postgres
	redis       *localservice.Redis
	temporal    *temporalserver.Server
	temporalLog *os.File
}

// startStack starts all services at once and returns when all of them answer.
func startStack(ctx context.Context, o stackOptions) (*stack, error) {
	s := &stack{}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		s.postgres, err = localservice.StartPostgres(groupCtx, localservice.PostgresOptions{
			Dir: filepath.Join(o.dir, "postgres"), Port: o.postgresPort, Throwaway: !o.keep, TimeZone: o.timeZone, Log: o.log,
		})
		return err
	})
	group.Go(func() (err error) {
		s.redis, err = localservice.StartRedis(groupCtx, localservice.RedisOptions{
			Dir: filepath.Join(o.dir, "redis"), Port: o.redisPort, Keep: o.keep, Log: o.log,
		})
		return err
	})
	group.Go(func() error { return s.startTemporal(groupCtx, o) })
	if err := group.Wait(); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *stack) startTemporal(ctx context.Context, o stackOptions) (err error) {
	dir := filepath.Join(o.dir, "temporal")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create a directory for Temporal: %w", err)
	}
	if s.temporalLog, err = os.Create(filepath.Join(dir, "temporal.log")); err != nil {
		return fmt.Errorf("create Temporal's log: %w", err)
	}
	for _, port := range []*int{&o.temporalPort, &o.uiPort} {
		if *port == 0 {
			if *port, err = localservice.FreePort(); err != nil {
				return err
			}
		}
	}
	s.temporal, err = temporalserver.Start(ctx, temporalserver.Options{
		Dir: dir, Port: o.temporalPort, UIPort: o.uiPort, Log: s.temporalLog,
	})
	if err != nil {
		return fmt.Errorf("%w (its log: %s)", err, s.temporalLog.Name())
	}
	return nil
}

// stop ends what was started, Temporal first: nothing it needs is another service.
func (s *stack) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var group errgroup.Group
	if s.temporal != nil {
		group.Go(s.temporal.Stop)
	}
	if s.redis != nil {
		group.Go(func() error { return s.redis.Stop(ctx) })
	}
	if s.postgres != nil {
		group.Go(func() error { return s.postgres.Stop(ctx) })
	}
	err := group.Wait()
	if s.temporalLog != nil {
		err = errors.Join(err, s.temporalLog.Close())
	}
	return err
}
