package main

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/testenv"
)

const redisPassword = "s3cret"

// secureRedis starts a Redis that speaks TLS alone, and returns its port: redis-server
// where it is installed, else miniredis.
func secureRedis(t *testing.T, certificate, key string) int {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
		require.NoError(t, err)
		mini := miniredis.NewMiniRedis()
		mini.RequireAuth(redisPassword)
		require.NoError(t, mini.StartTLS(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}))
		t.Cleanup(mini.Close)
		port, err := strconv.Atoi(mini.Port())
		require.NoError(t, err)
		return port
	}
	dir := t.TempDir()
	certificateFile, keyFile := filepath.Join(dir, "redis.crt"), filepath.Join(dir, "redis.key")
	require.NoError(t, os.WriteFile(certificateFile, []byte(certificate), 0o600))
	require.NoError(t, os.WriteFile(keyFile, []byte(key), 0o600))
	port, err := localservice.FreePort()
	require.NoError(t, err)
	server, err := localservice.StartProcess(localservice.Command{Name: "Redis", Path: path, Dir: dir, Log: t.Output(), Args: []string{
		"--bind", "127.0.0.1", "--port", "0", "--tls-port", strconv.Itoa(port), "--tls-cert-file", certificateFile, "--tls-key-file", keyFile,
		"--tls-auth-clients", "no", "--requirepass", redisPassword, "--save", "", "--dir", dir,
	}})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		require.NoError(t, server.Stop(ctx))
	})
	return port
}

func TestRedisOverTLS(t *testing.T) {
	t.Parallel()
	ours, other := testenv.NewAuthority(t), testenv.NewAuthority(t)
	certificate, key := ours.Server(t, "127.0.0.1")
	port := secureRedis(t, certificate, key)
	ping := func(host, ca string) error {
		o, err := redisOptions(config.Server{
			RedisURL: "rediss://:" + redisPassword + "@" + net.JoinHostPort(host, strconv.Itoa(port)) + "/0?skip_verify=true", RedisCA: ca,
		})
		require.NoError(t, err)
		client := redis.NewClient(o)
		defer func() { require.NoError(t, client.Close()) }()
		return client.Ping(t.Context()).Err()
	}
	require.Eventually(t, func() bool { return ping("127.0.0.1", ours.PEM) == nil }, time.Minute, 10*time.Millisecond)
	for name, err := range map[string]error{
		"another authority": ping("127.0.0.1", other.PEM),
		"another host name": ping("localhost", ours.PEM),
	} {
		require.ErrorContains(t, err, "HOLDFAST_REDIS_CA says who may sign it, and HOLDFAST_REDIS_URL its host name", name)
		require.NotContains(t, err.Error(), redisPassword)
	}
}
