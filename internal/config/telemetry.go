package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Telemetry is what a server process tells, and where. What it does not hold of
// OTEL_* (headers, time-outs, sampling) the OpenTelemetry SDK reads by itself; it is
// here to be printed, and kept out of logs.
type Telemetry struct {
	MetricsListen string `env:"HOLDFAST_METRICS_LISTEN" envDefault:":9464"`
	DebugListen   string `env:"HOLDFAST_DEBUG_LISTEN"`

	SentryDSN         string `env:"SENTRY_DSN"`
	SentryEnvironment string `env:"SENTRY_ENVIRONMENT"`

	SDKDisabled        string `env:"OTEL_SDK_DISABLED"`
	ServiceName        string `env:"OTEL_SERVICE_NAME"`
	ResourceAttributes string `env:"OTEL_RESOURCE_ATTRIBUTES"`
	TracesExporter     string `env:"OTEL_TRACES_EXPORTER"`
	TracesSampler      string `env:"OTEL_TRACES_SAMPLER"`
	TracesSamplerArg   string `env:"OTEL_TRACES_SAMPLER_ARG"`
	OTLPEndpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	OTLPTracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	OTLPProtocol       string `env:"OTEL_EXPORTER_OTLP_PROTOCOL"`
	OTLPTracesProtocol string `env:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"`
	OTLPHeaders        string `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	OTLPTracesHeaders  string `env:"OTEL_EXPORTER_OTLP_TRACES_HEADERS"`
}

// LoadTelemetry reads and checks the telemetry's configuration alone.
func LoadTelemetry(e Environment) (Telemetry, error) {
	var c Telemetry
	if err := parse(e, &c); err != nil {
		return c, err
	}
	return c, c.validateTelemetry()
}

// Tracing tells whether traces are asked for.
func (c Telemetry) Tracing() bool {
	if strings.EqualFold(c.SDKDisabled, "true") || c.TracesExporter == "none" {
		return false
	}
	return c.TracesExporter == "otlp" || c.OTLPEndpoint != "" || c.OTLPTracesEndpoint != ""
}

// TracesProtocol is what traces are sent with, http/protobuf or grpc; empty when
// none are asked for.
func (c Telemetry) TracesProtocol() string {
	if !c.Tracing() {
		return ""
	}
	for _, protocol := range []string{c.OTLPTracesProtocol, c.OTLPProtocol} {
		if protocol != "" {
			return protocol
		}
	}
	return "http/protobuf"
}

func (c Telemetry) validateTelemetry() error {
	for name, address := range map[string]string{"HOLDFAST_METRICS_LISTEN": c.MetricsListen, "HOLDFAST_DEBUG_LISTEN": c.DebugListen} {
		if _, _, err := net.SplitHostPort(address); err != nil && address != "" {
			return fmt.Errorf("%s: %q is no address like :9464 or 127.0.0.1:6060", name, address)
		}
	}
	for name, protocol := range map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": c.OTLPProtocol, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": c.OTLPTracesProtocol} {
		if protocol != "" && protocol != "http/protobuf" && protocol != "grpc" {
			return fmt.Errorf("%s: %q is neither http/protobuf nor grpc", name, protocol)
		}
	}
	if e := c.TracesExporter; e != "" && e != "otlp" && e != "none" {
		return fmt.Errorf("OTEL_TRACES_EXPORTER: %q is neither otlp nor none", e)
	}
	for name, endpoint := range map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.OTLPEndpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.OTLPTracesEndpoint} {
		if endpoint == "" {
			continue
		}
		if err := checkURL(name, endpoint, "http", "https"); err != nil {
			return err
		}
	}
	if c.SentryDSN == "" {
		return nil
	}
	if u, err := url.Parse(c.SentryDSN); err != nil || u.User.Username() == "" || strings.Trim(u.Path, "/") == "" {
		return errors.New("SENTRY_DSN: is no URL like https://KEY@HOST/PROJECT")
	}
	return checkURL("SENTRY_DSN", c.SentryDSN, "http", "https")
}
