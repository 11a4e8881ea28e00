package config_test

import (
	"crypto/tls"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/secret"
	"github.com/holdfast/holdfast/internal/testenv"
)

// Temporal Cloud takes an API key, or a certificate of the client's (mTLS).
func TestTemporalCloud(t *testing.T) {
	t.Parallel()
	certificate, key := testenv.NewAuthority(t).Server(t, "holdfast")
	dir := t.TempDir()
	certificatePath, keyPath, caPath := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem")
	for path, text := range map[string]string{certificatePath: certificate, keyPath: key, caPath: certificate} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}

	t.Run("API key", func(t *testing.T) {
		t.Parallel()
		w, err := config.LoadWorker(complete(
			"TEMPORAL_ADDRESS=us-east-1.aws.api.temporal.io:7233", "TEMPORAL_NAMESPACE=holdfast.a1b2c", "TEMPORAL_API_KEY=s3cret",
			"TEMPORAL_TLS_CLIENT_CERT_DATA=", "TEMPORAL_TLS=", // as compose sets what nobody filled in
		))
		require.NoError(t, err)
		require.Equal(t, "us-east-1.aws.api.temporal.io:7233", w.Temporal.HostPort)
		require.Equal(t, "holdfast.a1b2c", w.Temporal.Namespace)
		require.NotNil(t, w.Temporal.Credentials)
		require.NotNil(t, w.Temporal.ConnectionOptions.TLS, "an API key asks for TLS by itself")
		require.Equal(t, uint16(tls.VersionTLS12), w.Temporal.ConnectionOptions.TLS.MinVersion)
		require.False(t, w.Temporal.ConnectionOptions.TLS.InsecureSkipVerify)
	})
	for name, env := range map[string][]string{
		"mTLS by data":  {"TEMPORAL_TLS_CLIENT_CERT_DATA=" + certificate, "TEMPORAL_TLS_CLIENT_KEY_DATA=" + key, "TEMPORAL_TLS_SERVER_CA_CERT_DATA=" + certificate},
		"mTLS by paths": {"TEMPORAL_TLS_CLIENT_CERT_PATH=" + certificatePath, "TEMPORAL_TLS_CLIENT_KEY_PATH=" + keyPath, "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + caPath},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := config.LoadAPI(complete(append(env, "TEMPORAL_ADDRESS=holdfast.a1b2c.tmprl.cloud:7233", "TEMPORAL_TLS_SERVER_NAME=temporal.internal")...))
			require.NoError(t, err)
			got := a.Temporal.ConnectionOptions.TLS
			require.NotNil(t, got)
			require.Len(t, got.Certificates, 1)
			require.NotNil(t, got.RootCAs)
			require.Equal(t, "temporal.internal", got.ServerName)
			require.Nil(t, a.Temporal.Credentials)
		})
	}
	plain, err := config.LoadAPI(complete("TEMPORAL_API_KEY=", "TEMPORAL_TLS_CLIENT_CERT_PATH=", "TEMPORAL_TLS_SERVER_NAME="))
	require.NoError(t, err)
	require.Nil(t, plain.Temporal.ConnectionOptions.TLS, "an empty variable is one that is not set")
	require.Nil(t, plain.Temporal.Credentials)
}

func TestSecureSettings(t *testing.T) {
	t.Parallel()
	certificate, key := testenv.NewAuthority(t).Server(t, "holdfast")
	keys, err := secret.New()
	require.NoError(t, err)
	keyset, err := keys.Encode()
	require.NoError(t, err)
	for name, ca := range map[string]string{
		"PEM": certificate, "base64": base64.StdEncoding.EncodeToString([]byte(certificate)),
		"one line": strings.ReplaceAll(certificate, "\n", `\n`), "two": certificate + certificate,
	} {
		w, err := config.LoadWorker(complete("HOLDFAST_DATABASE_CA="+ca, "HOLDFAST_REDIS_URL=rediss://localhost", "HOLDFAST_REDIS_CA="+ca, "HOLDFAST_PAYLOAD_KEYSET="+keyset))
		require.NoError(t, err, name)
		pool, err := w.DatabaseAuthorities()
		require.NoError(t, err)
		require.NotNil(t, pool)
		pool, err = w.RedisAuthorities()
		require.NoError(t, err)
		require.NotNil(t, pool)
		read, err := w.Keyset()
		require.NoError(t, err)
		require.Equal(t, keys.Primary(), read.Primary())
	}
	for name, env := range map[string][]string{
		"HOLDFAST_DATABASE_CA":        {"HOLDFAST_DATABASE_CA=s3cret"},
		"HOLDFAST_DATABASE_CA: holds": {"HOLDFAST_DATABASE_CA=" + key},
		"HOLDFAST_REDIS_CA":           {"HOLDFAST_REDIS_URL=rediss://x", "HOLDFAST_REDIS_CA=s3cret"},
		"begin with rediss://":        {"HOLDFAST_REDIS_CA=" + certificate},
		"HOLDFAST_PAYLOAD_KEYSET":     {"HOLDFAST_PAYLOAD_KEYSET=s3cret"},
		"_CONN_LIFETIME":              {"HOLDFAST_DATABASE_CONN_LIFETIME=1s"},
		"HOLDFAST_WORKER_BUILD_ID":    {"HOLDFAST_WORKER_BUILD_ID=1"},
		"_DEPLOYMENT: is not":         {"HOLDFAST_WORKER_DEPLOYMENT=a.b"},
		"_BUILD_ID: is not":           {"HOLDFAST_WORKER_DEPLOYMENT=a", "HOLDFAST_WORKER_BUILD_ID=a b"},
		"TEMPORAL_API_KEY":            {"TEMPORAL_API_KEY=s3cret", "TEMPORAL_TLS=false"},
		"TEMPORAL_*":                  {"TEMPORAL_TLS_CLIENT_CERT_DATA=" + certificate},
		"TEMPORAL_*: invalid":         {"TEMPORAL_API_KEY=s3cret", "TEMPORAL_TLS_CLIENT_CERT_DATA=s3cret", "TEMPORAL_TLS_CLIENT_KEY_DATA=s3cret"},
		"which wants TEMPORAL_API":    {"TEMPORAL_ADDRESS=holdfast.a1b2c.tmprl.cloud:7233"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.LoadWorker(complete(env...))
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), strings.Split(key, "\n")[1])
		})
	}
}

func TestTheTemporalUIsOriginIsExact(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://temporal.example.com", "http://127.0.0.1:8233", "http://localhost:80x"} {
		_, err := config.LoadAPI(complete("HOLDFAST_TEMPORAL_UI_ORIGIN=" + origin))
		require.Equal(t, strings.HasSuffix(origin, "x"), err != nil, origin)
	}
	for _, odd := range []string{
		"*", "null", "temporal.example.com", "https://temporal.example.com/", "https://temporal.example.com/ui", "https://Temporal.example.com",
		"https://temporal.example.com:443", "http://temporal.example.com:80", "https://u:p@temporal.example.com", "ftp://x", "https://a,https://b",
	} {
		_, err := config.LoadAPI(complete("HOLDFAST_TEMPORAL_UI_ORIGIN=" + odd))
		require.ErrorContains(t, err, "HOLDFAST_TEMPORAL_UI_ORIGIN", odd)
	}
}
