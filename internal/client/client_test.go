package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

const opID = "0190a6c8-0000-7000-8000-000000000001"

// exchange is one request that a test expects and how it is answered.
type exchange struct {
	method, uri string
	body        string // expected; not compared when empty
	status      int
	kind        string // media type of the answer
	answer      string
}

// serve answers the exchanges in their order. A request that nobody expected and
// one that never comes both fail the test.
func serve(t *testing.T, exchanges ...exchange) *Client {
	t.Helper()
	left := exchanges
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(left) == 0 {
			t.Errorf("unexpected %s %s", r.Method, r.URL)
			return
		}
		e := left[0]
		left = left[1:]
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != e.method || r.URL.RequestURI() != e.uri || (e.body != "" && string(body) != e.body) {
			t.Errorf("unexpected %s %s with %q (%v)", r.Method, r.URL, body, err)
		}
		if r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("Authorization: %q", r.Header.Get("Authorization"))
		}
		w.Header().Set("Content-Type", e.kind)
		w.WriteHeader(e.status)
		if _, err := io.WriteString(w, e.answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(func() {
		server.Close()
		require.Empty(t, left, "expected and never asked for")
	})
	c, err := New(server.URL+"/", "secret", server.Client())
	require.NoError(t, err)
	return c
}

const opJSON = `{"id":"` + opID + `","kind":"sync_repository","subject":"octo/mirror","state":"running","seq":7,"created_at":"2026-03-01T12:00:00Z",
	"collections":[{"name":"issues","state":"running","items":100,"total":250,"written":90,"pages":1,"requests":2}]}`

func TestCalls(t *testing.T) {
	t.Parallel()
	c := serve(t,
		exchange{"POST", "/v1/syncs", `{"repository":"octo/mirror","collections":["issues"]}`, 202, "application/json", opJSON},
		exchange{"GET", "/v1/operations/" + opID, "", 200, "application/json", opJSON},
		exchange{"POST", "/v1/operations/" + opID + "/cancel", "", 202, "application/json", opJSON},
		exchange{"POST", "/v1/syncs", `{"organization":"octo","include":["a*"],"exclude":["*b"],"archived":true,"forks":true,"collections":["all"]}`, 202, "application/json", opJSON},
		exchange{"GET", "/v1/operations?parent=" + opID, "", 200, "application/json", `{"operations":[` + opJSON + `]}`},
		exchange{"GET", "/v1/operations?cursor=abc&kind=sync_repository&limit=5&state=running%2Cpaused", "", 200, "application/json", `{"operations":[` + opJSON + `],"next_cursor":"def"}`},
	)
	want := operation.Operation{
		ID: opID, Kind: operation.KindSyncRepository, Subject: "octo/mirror", State: operation.StateRunning, Seq: 7,
		CreatedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Collections: []operation.CollectionWork{{
			Name: "issues", State: operation.CollectionRunning, Items: 100, Total: 250, Written: 90, Pages: 1, Requests: 2,
		}},
	}
	op, err := c.StartSync(t.Context(), SyncRequest{Repository: "octo/mirror", Collections: []string{"issues"}})
	require.NoError(t, err)
	require.Equal(t, want, op)
	op, err = c.Operation(t.Context(), opID)
	require.NoError(t, err)
	require.Equal(t, want, op)
	op, err = c.Cancel(t.Context(), opID)
	require.NoError(t, err)
	require.Equal(t, want, op)
	_, err = c.StartSync(t.Context(), SyncRequest{
		Organization: "octo", Include: []string{"a*"}, Exclude: []string{"*b"}, Archived: true, Forks: true, Collections: []string{"all"},
	})
	require.NoError(t, err)
	_, _, err = c.Operations(t.Context(), operation.Filter{Parent: opID})
	require.NoError(t, err)
	ops, next, err := c.Operations(t.Context(), operation.Filter{States: []operation.State{operation.StateRunning, operation.StatePaused}, Kind: operation.KindSyncRepository, Cursor: "abc", Limit: 5})
	require.NoError(t, err)
	require.Equal(t, []operation.Operation{want}, ops)
	require.Equal(t, "def", next)
}

func TestRefusalsAreReadable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, kind, answer string
		status             int
		want               string
	}{
		{
			"problem", "application/problem+json",
			`{"status":422,"title":"Unprocessable Entity","detail":"The request is not valid.","request_id":"r1","errors":[{"location":"body.repository","message":"must be owner/name"}]}`, 422,
			"read operation x: The request is not valid. body.repository: must be owner/name (HTTP 422, request r1)",
		},
		{"a proxy's page", "text/html", "<html>Bad Gateway</html>", 502, "read operation x: Bad Gateway (HTTP 502)"},
		{"nothing", "", "", 503, "read operation x: Service Unavailable (HTTP 503)"},
		{"not what was promised", "application/json", "<html>", 200, "read operation x: the API answered 200 OK with something that is not the JSON expected: invalid character '<' looking for beginning of value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, exchange{"GET", "/v1/operations/x", "", tt.status, tt.kind, tt.answer})
			_, err := c.Operation(t.Context(), "x")
			require.EqualError(t, err, tt.want)
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := New(server.URL, "secret", nil)
	require.NoError(t, err)
	_, err = c.Operation(t.Context(), opID)
	require.ErrorContains(t, err, "the API cannot be reached")
	require.ErrorContains(t, err, "connection refused")
}

func TestNewRefusesWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "localhost:8080", "ftp://host", "http://", "http://a b", "://"} {
		_, err := New(bad, "", nil)
		require.Error(t, err, bad)
	}
}
