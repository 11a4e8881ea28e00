// Package postgres says how Holdfast connects to Postgres: over TLS with an
// authority of the operator's, and so that a server which vanished is noticed.
package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Role is the role that the product works as, whoever it connects as: it cannot bypass
// row-level security. The migrations make it.
const Role = "holdfast_app"

const (
	// connectTimeout is how long a connection may take to be made, unless the URL
	// says otherwise: pgx would wait for as long as the system does.
	connectTimeout = 10 * time.Second
	// A server that vanished without a word is noticed after about 30 s.
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
)

var errUnreadable = errors.New("HOLDFAST_DATABASE_URL: is no connection URL of Postgres")

// Address is where a database is.
type Address struct {
	URL string
	// CA is who may have signed the server's certificate. It asks for TLS and for the
	// host name in the certificate (verify-full), whatever the URL's sslmode is. nil:
	// the URL decides alone.
	CA *x509.CertPool
}

// Config is how one connection is made. Its errors do not repeat the URL.
func (a Address) Config() (*pgx.ConnConfig, error) {
	c, err := a.PoolConfig()
	if err != nil {
		return nil, err
	}
	return c.ConnConfig, nil
}

// PoolConfig is how a pool makes its connections. Its errors do not repeat the URL.
func (a Address) PoolConfig() (*pgxpool.Config, error) {
	target := a.URL
	if a.CA != nil {
		var err error
		if target, err = verifyFull(a.URL); err != nil {
			return nil, err
		}
	}
	pool, err := pgxpool.ParseConfig(target)
	if err != nil {
		return nil, errUnreadable
	}
	c := pool.ConnConfig
	a.secure(c.TLSConfig)
	for _, f := range c.Fallbacks {
		a.secure(f.TLSConfig)
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	}}
	c.DialFunc = dialer.DialContext
	return pool, nil
}

// secure has the server's certificate verified by the authority; nil is no TLS.
func (a Address) secure(c *tls.Config) {
	if c == nil {
		return
	}
	c.MinVersion = tls.VersionTLS12
	if a.CA != nil {
		c.RootCAs = a.CA
	}
}

// verifyFull is the URL with sslmode=verify-full, which also keeps pgx from going on
// without TLS where that fails. Whoever switched TLS off meant something else.
func verifyFull(text string) (string, error) {
	before, after, _ := strings.Cut(text, "?")
	query, err := url.ParseQuery(after)
	if err != nil {
		return "", errUnreadable
	}
	if query.Get("sslmode") == "disable" {
		return "", errors.New("HOLDFAST_DATABASE_CA is set, and HOLDFAST_DATABASE_URL has sslmode=disable: take one of them away")
	}
	query.Del("sslrootcert")
	query.Set("sslmode", "verify-full")
	return before + "?" + query.Encode(), nil
}

// Explain adds to an error what an operator can do about it: which variable decides
// whether the server's certificate is accepted. Every other error stays as it is.
func Explain(err error) error {
	var (
		unverified *tls.CertificateVerificationError
		refused    *pgconn.PgError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unverified):
		return fmt.Errorf("the database's certificate is not accepted; HOLDFAST_DATABASE_CA says who may sign it, and HOLDFAST_DATABASE_URL its host name: %w", err)
	case errors.As(err, &refused) && strings.Contains(refused.Message, Role):
		return fmt.Errorf("the database has no role %s, or this user may not take it: run holdfast migrate as the tables' owner, and grant %s to this user: %w", Role, Role, err)
	case strings.Contains(err.Error(), "server refused TLS connection"): // pgx has no value for it
		return fmt.Errorf("the database does not offer TLS, which HOLDFAST_DATABASE_CA or the sslmode of HOLDFAST_DATABASE_URL demands: %w", err)
	default:
		return err
	}
}
