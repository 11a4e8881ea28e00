package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/postgres"
)

// addressOf is where a configuration says that the database is.
func addressOf(c config.Database) (postgres.Address, error) {
	authorities, err := c.DatabaseAuthorities()
	return postgres.Address{URL: c.URL, CA: authorities}, err
}

// redisOptions says how to reach Redis. With HOLDFAST_REDIS_CA its certificate has to
// be signed by that authority, and to name the URL's host.
func redisOptions(c config.Server) (*redis.Options, error) {
	o, err := redis.ParseURL(c.RedisURL)
	if err != nil {
		return nil, errors.New("HOLDFAST_REDIS_URL cannot be read")
	}
	// Without it a Redis that accepts but never answers holds its caller up.
	o.ContextTimeoutEnabled = true
	authorities, err := c.RedisAuthorities()
	if err != nil || o.TLSConfig == nil {
		return o, err
	}
	if authorities != nil {
		o.TLSConfig.RootCAs, o.TLSConfig.InsecureSkipVerify = authorities, false
	}
	dial := redis.NewDialer(o)
	o.Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return conn, explainRedis(err)
	}
	return o, nil
}

// explainRedis adds which variable decides whether Redis's certificate is accepted.
func explainRedis(err error) error {
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		return fmt.Errorf("the certificate of Redis is not accepted; HOLDFAST_REDIS_CA says who may sign it, and HOLDFAST_REDIS_URL its host name: %w", err)
	}
	return err
}

// redisLog hands on what go-redis says: that Redis is away, among others.
type redisLog struct{ log *slog.Logger }

// Printf logs one line.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, "Redis", "says", fmt.Sprintf(format, v...))
}
