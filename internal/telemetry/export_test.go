package telemetry_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/holdfast/holdfast/internal/telemetry"
)

// grpcReceiver is an OTLP receiver on loopback.
type grpcReceiver struct {
	collector.UnimplementedTraceServiceServer
	names chan string
}

func (r *grpcReceiver) Export(_ context.Context, got *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.names <- got.ResourceSpans[0].ScopeSpans[0].Spans[0].Name
	return &collector.ExportTraceServiceResponse{}, nil
}

// The exporter reads the environment of the process: this test is not parallel.
func TestTracesAreSentByGRPCAndAtTheLatestAtTheEnd(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &grpcReceiver{names: make(chan string, 1)}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(listener) }()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=ours")

	told, err := telemetry.New(t.Context(), telemetry.Options{Service: "s", Version: "1", Log: new(buffer), Traces: telemetry.ProtocolGRPC})
	require.NoError(t, err)
	_, span := told.TracerProvider.Tracer("test").Start(t.Context(), "work")
	span.End()
	require.NoError(t, told.Shutdown(t.Context()))
	require.Equal(t, "work", <-r.names)
	server.Stop()
	require.NoError(t, <-serving)
}
