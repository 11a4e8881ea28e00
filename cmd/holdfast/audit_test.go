package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAuditCommand(t *testing.T) {
	t.Parallel()
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RawQuery
		w.Header().Set("Content-Type", "application/json")
		if _, err := w.Write([]byte(`{"events":[
			{"id":"4","at":"2026-03-01T12:00:03Z","action":"GET /v1/operations","path":"/v1/operations","remote":"192.0.2.9","request_id":"r","refused":"There is no such key."},
			{"id":"3","at":"2026-03-01T12:00:02Z","subject":"ada","action":"POST /v1/operations/{id}/cancel","path":"/v1/operations/7/cancel","remote":"192.0.2.1","request_id":"r"},
			{"id":"2","at":"2026-03-01T12:00:01Z","subject":"ada","action":"POST /v1/keys","path":"/v1/keys","remote":"192.0.2.1","request_id":"r","status":201,"location":"/v1/keys/8"}
		],"next_cursor":"n"}`)); err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	env := []string{"HOLDFAST_API_URL=" + server.URL, "HOLDFAST_TOKEN=t"}
	stdout, _, err := holdfast(t, env, "audit", "--subject", "ada", "--limit", "3")
	require.NoError(t, err)
	require.Equal(t, "limit=3&subject=ada", asked)
	require.Equal(t, `AT                    WHO       WHAT                                                      ANSWER                 FROM
2026-03-01T12:00:03Z  (nobody)  GET /v1/operations                                        There is no such key.  192.0.2.9
2026-03-01T12:00:02Z  ada       POST /v1/operations/{id}/cancel  /v1/operations/7/cancel  none                   192.0.2.1
2026-03-01T12:00:01Z  ada       POST /v1/keys                                             201 /v1/keys/8         192.0.2.1
`, stdout)
	stdout, _, err = holdfast(t, env, "audit", "--json")
	require.NoError(t, err)
	require.Contains(t, stdout, `"next_cursor": "n"`)
}
