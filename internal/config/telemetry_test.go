package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
)

func TestTelemetryDefaults(t *testing.T) {
	t.Parallel()
	c, err := config.LoadTelemetry(config.Environment{"HOLDFAST_METRICS_LISTEN="})
	require.NoError(t, err)
	require.Equal(t, config.Telemetry{MetricsListen: ":9464"}, c)
	require.Empty(t, c.TracesProtocol())
}

func TestTracing(t *testing.T) {
	t.Parallel()
	for want, envs := range map[string][]config.Environment{
		"http/protobuf": {
			{"OTEL_TRACES_EXPORTER=otlp"},
			{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"},
			{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://c/v1/traces", "OTEL_SDK_DISABLED=false"},
			{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf"},
		},
		"grpc": {{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}},
		"": {
			{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc"},
			{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_TRACES_EXPORTER=none"},
			{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_SDK_DISABLED=TRUE"},
		},
	} {
		for _, env := range envs {
			c, err := config.LoadTelemetry(env)
			require.NoError(t, err, env)
			require.Equal(t, want, c.TracesProtocol(), env)
			require.Equal(t, want != "", c.Tracing(), env)
		}
	}
}

func TestTelemetryErrorsNameTheVariable(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{
		"HOLDFAST_METRICS_LISTEN=9464", "HOLDFAST_DEBUG_LISTEN=localhost",
		"SENTRY_DSN=s3cret", "SENTRY_DSN=https://host/1", "SENTRY_DSN=https://s3cret@host", "SENTRY_DSN=ftp://s3cret@host/1", "SENTRY_DSN=https://s3cret%@host/1",
		"OTEL_TRACES_EXPORTER=console", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=udp",
		"OTEL_EXPORTER_OTLP_ENDPOINT=u:s3cret@c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=tcp://u:s3cret@c",
	} {
		name, _, _ := strings.Cut(pair, "=")
		for _, load := range []func(config.Environment) error{
			func(e config.Environment) error { _, err := config.LoadTelemetry(e); return err },
			func(e config.Environment) error { _, err := config.LoadAPI(complete(e...)); return err },
		} {
			err := load(config.Environment{pair})
			require.ErrorContains(t, err, name+": ", pair)
			require.NotContains(t, err.Error(), "s3cret", pair)
		}
	}
}

// fill sets every text to one with a secret in it and returns the variables' names.
func fill(v reflect.Value) (names []string) {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		switch {
		case name != "":
			names = append(names, name)
			if value.Kind() == reflect.String {
				secret := "s3cret-" + name
				switch {
				case strings.Contains(name, "HEADERS"):
					value.SetString("api-key=" + secret + ", other=s3cret%20" + name)
				case strings.Contains(name, "TOKEN") || strings.Contains(name, "KEY") || strings.Contains(name, "AUTH"):
					value.SetString(secret)
				default:
					value.SetString(fmt.Sprintf("https://user:%s@host/path?password=%s&x=1#%s", secret, secret, secret))
				}
			}
		case field.Type.Kind() == reflect.Struct && field.Type.PkgPath() == v.Type().PkgPath():
			names = append(names, fill(value)...)
		}
	}
	return names
}

func TestSettingsHaveNoSecret(t *testing.T) {
	t.Parallel()
	var a config.API
	var w config.Worker
	names := append(fill(reflect.ValueOf(&a).Elem()), fill(reflect.ValueOf(&w).Elem())...)
	a.PublicKeys = "a public key"
	printed := map[string]string{}
	for _, attr := range config.Settings(a, w) {
		require.NotContains(t, printed, attr.Key, "once")
		printed[attr.Key] = attr.Value.String()
	}
	for _, name := range names {
		require.Contains(t, printed, name)
	}
	raw, err := json.Marshal(printed)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "s3cret")
	require.Equal(t, "set", printed["GITHUB_TOKEN"])
	require.Equal(t, "set", printed["SENTRY_DSN"])
	require.Equal(t, "https://host/path", printed["HOLDFAST_DATABASE_URL"])
	require.Equal(t, "a public key", printed["HOLDFAST_JWT_PUBLIC_KEY"])

	secrets := config.Secrets(config.Environment{"TEMPORAL_GRPC_META_AUTHORIZATION=Bearer meta"}, a, w)
	for _, name := range []string{
		"HOLDFAST_DATABASE_URL", "HOLDFAST_REDIS_URL", "HOLDFAST_JWT_PRIVATE_KEY", "GITHUB_TOKEN", "GITHUB_API_URL",
		"SENTRY_DSN", "TEMPORAL_API_KEY", "TEMPORAL_TLS_CLIENT_KEY_DATA", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_ENDPOINT",
	} {
		require.Contains(t, secrets, "s3cret-"+name)
	}
	require.Contains(t, secrets, "s3cret OTEL_EXPORTER_OTLP_HEADERS")
	require.Contains(t, secrets, "Bearer meta")
}

func TestSettingsSayWhatIsNotSet(t *testing.T) {
	t.Parallel()
	c, err := config.LoadWorker(complete("HOLDFAST_LOG_LEVEL=debug", "OTEL_RESOURCE_ATTRIBUTES=a="+strings.Repeat("b", 300)))
	require.NoError(t, err)
	settings := map[string]slog.Value{}
	for _, a := range config.Settings(c) {
		settings[a.Key] = a.Value
	}
	require.Equal(t, "not set", settings["GITHUB_TOKEN"].String())
	require.Equal(t, "DEBUG", settings["HOLDFAST_LOG_LEVEL"].String())
	require.Equal(t, "30s", settings["HOLDFAST_SHUTDOWN_TIMEOUT"].String())
	require.Equal(t, "default", settings["TEMPORAL_NAMESPACE"].String())
	require.Equal(t, "postgres://localhost/holdfast", settings["HOLDFAST_DATABASE_URL"].String())
	require.Equal(t, "set, 302 bytes", settings["OTEL_RESOURCE_ATTRIBUTES"].String())
	require.Contains(t, config.Secrets(nil, c), "s3cret")
}
