package workflows_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast/holdfast/workflows"
)

// attributePatience ends what the client would try again for long.
const attributePatience = 2 * time.Second

// strict is a Temporal that answers about search attributes only, and lets this
// client do no more than it is told.
type strict struct {
	workflowservice.UnimplementedWorkflowServiceServer
	operatorservice.UnimplementedOperatorServiceServer

	mayList, mayAdd bool
	refusal         codes.Code

	mu    sync.Mutex
	known []string
}

func (s *strict) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (s *strict) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest) (*operatorservice.ListSearchAttributesResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mayList {
		return nil, status.Error(s.refusal, "Request unauthorized.")
	}
	out := &operatorservice.ListSearchAttributesResponse{CustomAttributes: map[string]enumspb.IndexedValueType{}}
	for _, name := range s.known {
		out.CustomAttributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	return out, nil
}

func (s *strict) AddSearchAttributes(_ context.Context, in *operatorservice.AddSearchAttributesRequest) (*operatorservice.AddSearchAttributesResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mayAdd {
		return nil, status.Error(s.refusal, "Request unauthorized.")
	}
	for name := range in.GetSearchAttributes() {
		s.known = append(s.known, name)
	}
	return &operatorservice.AddSearchAttributesResponse{}, nil
}

func (s *strict) CountWorkflowExecutions(_ context.Context, in *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _, _ := strings.Cut(in.GetQuery(), " ")
	if !slices.Contains(s.known, name) {
		return nil, status.Error(codes.InvalidArgument, "invalid query: column name '"+name+"' is not defined")
	}
	return &workflowservice.CountWorkflowExecutionsResponse{}, nil
}

// serve runs the server and returns a client of it.
func (s *strict) serve(t *testing.T) client.Client {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, s)
	operatorservice.RegisterOperatorServiceServer(server, s)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-ended)
	})
	c, err := client.NewLazyClient(client.Options{HostPort: listener.Addr().String(), Namespace: "holdfast.a1b2c"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestSearchAttributesWhereTheyCannotBeAdded(t *testing.T) {
	t.Parallel()
	all := []string{"HoldfastWorkspace", "HoldfastRepository", "HoldfastKind", "HoldfastState"}
	for name, tt := range map[string]struct {
		server *strict
		says   []string // empty: the worker goes on
	}{
		"a server of one's own":            {&strict{mayList: true, mayAdd: true}, nil},
		"all are there":                    {&strict{mayList: true, refusal: codes.PermissionDenied, known: all}, nil},
		"listing is denied, all are there": {&strict{refusal: codes.PermissionDenied, known: all}, nil},
		"there is no operator service":     {&strict{refusal: codes.Unimplemented, known: all}, nil},
		"adding is denied":                 {&strict{mayList: true, refusal: codes.PermissionDenied, known: all[:3]}, []string{"holdfast.a1b2c", "HoldfastState", "Keyword", "search-attribute create"}},
		"listing is denied, one is missing": {
			&strict{refusal: codes.PermissionDenied, known: all[1:]}, []string{"lacks the search attributes HoldfastWorkspace, and", "Temporal Cloud's console"},
		},
		"Temporal is away": {&strict{refusal: codes.ResourceExhausted, known: all}, []string{"list Temporal's search attributes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), attributePatience)
			defer cancel()
			err := workflows.EnsureSearchAttributes(ctx, tt.server.serve(t), "holdfast.a1b2c")
			if len(tt.says) == 0 {
				require.NoError(t, err)
				require.ElementsMatch(t, all, tt.server.known)
				return
			}
			for _, text := range tt.says {
				require.ErrorContains(t, err, text)
			}
		})
	}
}
