package postgres_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/migrations"
	"github.com/holdfast/holdfast/store"
)

func pool(t *testing.T, a *testenv.Authority) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	require.True(t, p.AppendCertsFromPEM([]byte(a.PEM)))
	return p
}

// startServer starts a Postgres of the test's own, without TLS.
func startServer(t *testing.T) *localservice.Postgres {
	t.Helper()
	dir, err := localservice.MemoryDir()
	require.NoError(t, err)
	server, err := localservice.StartPostgres(t.Context(), localservice.PostgresOptions{Dir: filepath.Join(dir.Path, "postgres"), Throwaway: true})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		require.NoError(t, server.Stop(ctx))
		require.NoError(t, dir.Remove())
	})
	return server
}

// switchOn has the server offer TLS with a certificate. The server writes its own
// files: nobody else may own its key.
func switchOn(t *testing.T, server *localservice.Postgres, certificate, key string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	for name, text := range map[string]string{"server.crt": certificate, "server.key": key} {
		_, err := conn.Exec(t.Context(), fmt.Sprintf(`copy (select '%s') to program 'umask 077; base64 -d > %s'`, base64.StdEncoding.EncodeToString([]byte(text)), name))
		require.NoError(t, err)
	}
	_, err = conn.Exec(t.Context(), `alter system set ssl = on`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `select pg_reload_conf()`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var on string
		return conn.QueryRow(t.Context(), `show ssl`).Scan(&on) == nil && on == "on"
	}, time.Minute, 10*time.Millisecond)
}

// at is the server's URL with another host and sslmode; empty: none.
func at(t *testing.T, server *localservice.Postgres, host, sslmode string) string {
	t.Helper()
	u, err := url.Parse(server.URL("postgres"))
	require.NoError(t, err)
	u.Host = fmt.Sprintf("%s:%d", host, server.Port())
	u.RawQuery = ""
	if sslmode != "" {
		u.RawQuery = "sslmode=" + sslmode
	}
	return u.String()
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	ours, other := testenv.NewAuthority(t), testenv.NewAuthority(t)
	password, _ := mustParse(t, server.URL("postgres")).User.Password()
	require.NotEmpty(t, password)
	require.NoError(t, migrations.Up(t.Context(), postgres.Address{URL: server.URL("postgres")}))
	// ping asks as the API and the worker do, and as the migrations do.
	ping := func(a postgres.Address) error {
		opened, err := store.Open(t.Context(), a, "test", 2)
		if err != nil {
			return err
		}
		defer opened.Close()
		if err := store.New(opened).Ping(t.Context()); err != nil {
			return err
		}
		_, err = migrations.List(t.Context(), a)
		return err
	}

	require.NoError(t, ping(postgres.Address{URL: at(t, server, "127.0.0.1", "")}), "without TLS, as the URL lets it")
	err := ping(postgres.Address{URL: at(t, server, "127.0.0.1", ""), CA: pool(t, ours)})
	require.ErrorContains(t, err, "does not offer TLS, which HOLDFAST_DATABASE_CA", "it does not go on without")
	require.NotContains(t, err.Error(), password)

	certificate, key := ours.Server(t, "127.0.0.1", "postgres.internal")
	switchOn(t, server, certificate, key)
	for _, tt := range []struct {
		name, host, sslmode string
		ca                  *testenv.Authority
		says                []string // empty: it connects
	}{
		{"our authority", "127.0.0.1", "", ours, nil},
		{"our authority, require", "127.0.0.1", "require", ours, nil},
		{"no authority, require", "127.0.0.1", "require", nil, nil},
		{"no authority, the system's", "127.0.0.1", "verify-full", nil, []string{"HOLDFAST_DATABASE_CA", "unknown authority"}},
		{"another authority", "127.0.0.1", "", other, []string{"HOLDFAST_DATABASE_CA", "unknown authority"}},
		{"another host name", "localhost", "require", ours, []string{"HOLDFAST_DATABASE_CA", "HOLDFAST_DATABASE_URL its host name", "localhost"}},
		{"TLS switched off", "127.0.0.1", "disable", ours, []string{"HOLDFAST_DATABASE_CA is set", "sslmode=disable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := postgres.Address{URL: at(t, server, tt.host, tt.sslmode)}
			if tt.ca != nil {
				a.CA = pool(t, tt.ca)
			}
			err := ping(a)
			if len(tt.says) == 0 {
				require.NoError(t, err)
				require.Equal(t, "true TLSv1.3", protocol(t, a))
				return
			}
			for _, text := range tt.says {
				require.ErrorContains(t, err, text)
			}
			require.NotContains(t, err.Error(), password)
		})
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}

// protocol is what a connection is protected with.
func protocol(t *testing.T, a postgres.Address) string {
	t.Helper()
	c, err := a.Config()
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), c)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	var on bool
	var version string
	require.NoError(t, conn.QueryRow(t.Context(), `select ssl, version from pg_stat_ssl where pid = pg_backend_pid()`).Scan(&on, &version))
	return fmt.Sprintf("%t %s", on, version)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	ca := pool(t, testenv.NewAuthority(t))
	c, err := postgres.Address{URL: "postgres://u:p%3Fw@a:1,b:2/d?sslmode=prefer&sslrootcert=/nowhere&pool_max_conns=3", CA: ca}.Config()
	require.NoError(t, err)
	require.Equal(t, "p?w", c.Password)
	configs := []*tls.Config{c.TLSConfig}
	for _, f := range c.Fallbacks {
		configs = append(configs, f.TLSConfig)
	}
	require.Len(t, configs, 2, "each host once, none of them without TLS")
	for i, host := range []string{"a", "b"} {
		require.Equal(t, host, configs[i].ServerName)
		require.False(t, configs[i].InsecureSkipVerify)
		require.Equal(t, ca, configs[i].RootCAs)
		require.Equal(t, uint16(tls.VersionTLS12), configs[i].MinVersion)
	}
	require.Equal(t, 10*time.Second, c.ConnectTimeout)

	c, err = postgres.Address{URL: "postgres://u@a/d?sslmode=require&connect_timeout=3"}.Config()
	require.NoError(t, err)
	require.Equal(t, 3*time.Second, c.ConnectTimeout)
	require.Equal(t, uint16(tls.VersionTLS12), c.TLSConfig.MinVersion)

	_, err = postgres.Address{URL: "postgres://u:s3cret@a/d?sslmode=s3cret"}.Config()
	require.ErrorContains(t, err, "HOLDFAST_DATABASE_URL")
	require.NotContains(t, err.Error(), "s3cret")
}
