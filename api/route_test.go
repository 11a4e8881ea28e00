package api_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
)

// asked is a request that its route answers with success. ID stands for an operation's.
type asked struct {
	path, body string
	status     int
	role       auth.Role // the least that will do; empty: no token is needed
	bare       bool      // it asks nothing of the store
	header     []string
	signed     bool            // as a webhook delivery
	state      operation.State // of the operation; empty: pending
}

// everyRoute is one good request for each route. A route that is missing here fails
// the tests below.
func everyRoute(encrypted string) map[string]asked {
	return map[string]asked{
		"POST /v1/syncs":                                                  {path: "/v1/syncs", body: `{"repository":"octo/mirror"}`, status: 202, role: auth.RoleOperator},
		"GET /v1/schedules":                                               {path: "/v1/schedules?limit=1", status: 200, role: auth.RoleReader},
		"POST /v1/schedules":                                              {path: "/v1/schedules", body: nightly, status: 201, role: auth.RoleOperator},
		"GET /v1/schedules/{id}":                                          {path: "/v1/schedules/" + scheduleID, status: 200, role: auth.RoleReader},
		"DELETE /v1/schedules/{id}":                                       {path: "/v1/schedules/" + spareScheduleID, status: 204, role: auth.RoleOperator},
		"PATCH /v1/schedules/{id}":                                        {path: "/v1/schedules/" + scheduleID, body: `{"note":"new"}`, status: 200, role: auth.RoleOperator},
		"GET /v1/schedules/{id}/runs":                                     {path: "/v1/schedules/" + scheduleID + "/runs", status: 200, role: auth.RoleReader},
		"POST /v1/schedules/{id}/backfill":                                {path: "/v1/schedules/" + scheduleID + "/backfill", body: `{"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`, status: 202, role: auth.RoleOperator},
		"POST /v1/schedules/{id}/pause":                                   {path: "/v1/schedules/" + scheduleID + "/pause", status: 200, role: auth.RoleOperator},
		"POST /v1/schedules/{id}/resume":                                  {path: "/v1/schedules/" + scheduleID + "/resume", status: 200, role: auth.RoleOperator},
		"POST /v1/schedules/{id}/trigger":                                 {path: "/v1/schedules/" + scheduleID + "/trigger", status: 202, role: auth.RoleOperator},
		"GET /v1/operations":                                              {path: "/v1/operations?limit=1", status: 200, role: auth.RoleReader},
		"GET /v1/operations/{id}":                                         {path: "/v1/operations/ID", status: 200, role: auth.RoleReader},
		"POST /v1/operations/{id}/cancel":                                 {path: "/v1/operations/ID/cancel", status: 202, role: auth.RoleOperator},
		"POST /v1/operations/{id}/pause":                                  {path: "/v1/operations/ID/pause", status: 202, role: auth.RoleOperator},
		"POST /v1/operations/{id}/resume":                                 {path: "/v1/operations/ID/resume", status: 202, role: auth.RoleOperator, state: operation.StatePaused},
		"POST /v1/operations/{id}/approve":                                {path: "/v1/operations/ID/approve", status: 202, role: auth.RoleOperator, state: operation.StateAwaitingApproval},
		"POST /v1/operations/{id}/reject":                                 {path: "/v1/operations/ID/reject", body: `{"reason":"no"}`, status: 202, role: auth.RoleOperator, state: operation.StateAwaitingApproval},
		"POST /v1/operations/{id}/retry":                                  {path: "/v1/operations/ID/retry", status: 202, role: auth.RoleOperator, state: operation.StateFailed},
		"GET /v1/operations/{id}/stream":                                  {path: "/v1/operations/ID/stream", status: 101, role: auth.RoleReader, header: upgrade()},
		"GET /v1/stream":                                                  {path: "/v1/stream", status: 101, role: auth.RoleReader, header: upgrade()},
		"POST /v1/stream/tickets":                                         {path: "/v1/stream/tickets", status: 201, role: auth.RoleReader},
		"GET /v1/repositories":                                            {path: "/v1/repositories", status: 200, role: auth.RoleReader},
		"GET /v1/repositories/{owner}/{name}/status":                      {path: "/v1/repositories/octo/mirror/status", status: 200, role: auth.RoleReader},
		"GET /v1/changes":                                                 {path: "/v1/changes?limit=1", status: 200, role: auth.RoleReader},
		"GET /v1/repositories/{owner}/{name}/{collection}/{item}/history": {path: "/v1/repositories/octo/mirror/issues/7/history", status: 200, role: auth.RoleReader},
		"POST /v1/repositories/{owner}/{name}/purge":                      {path: "/v1/repositories/octo/mirror/purge", body: `{"collection":"issues","number":7}`, status: 200, role: auth.RoleAdmin},
		"GET /v1/drift":                                                   {path: "/v1/drift", status: 200, role: auth.RoleReader},
		"GET /v1/connections":                                             {path: "/v1/connections", status: 200, role: auth.RoleReader},
		"POST /v1/connections":                                            {path: "/v1/connections", body: `{"name":"new","token":"ghp_x"}`, status: 201, role: auth.RoleAdmin},
		"GET /v1/connections/{id}":                                        {path: "/v1/connections/" + personalID, status: 200, role: auth.RoleReader},
		"PATCH /v1/connections/{id}":                                      {path: "/v1/connections/" + personalID, body: `{"in_flight":5}`, status: 200, role: auth.RoleAdmin},
		"DELETE /v1/connections/{id}":                                     {path: "/v1/connections/" + spareID, status: 204, role: auth.RoleAdmin},
		"POST /v1/connections/{id}/check":                                 {path: "/v1/connections/" + personalID + "/check", status: 200, role: auth.RoleAdmin},
		"GET /v1/audit":                                                   {path: "/v1/audit?limit=1", status: 200, role: auth.RoleAdmin},
		"GET /v1/keys":                                                    {path: "/v1/keys", status: 200, role: auth.RoleAdmin},
		"POST /v1/keys":                                                   {path: "/v1/keys", body: `{"name":"new","role":"reader"}`, status: 201, role: auth.RoleAdmin},
		"GET /v1/keys/{id}":                                               {path: "/v1/keys/" + keyID, status: 200, role: auth.RoleAdmin},
		"DELETE /v1/keys/{id}":                                            {path: "/v1/keys/" + spareKeyID, status: 204, role: auth.RoleAdmin},
		"POST /v1/members":                                                {path: "/v1/members", body: `{"login":"new","role":"reader"}`, status: 201, role: auth.RoleAdmin},
		"GET /v1/members/{id}":                                            {path: "/v1/members/" + graceID, status: 200, role: auth.RoleAdmin},
		"GET /v1/me":                                                      {path: "/v1/me", status: 200, role: auth.RoleReader, bare: true},
		"GET /v1/members":                                                 {path: "/v1/members", status: 200, role: auth.RoleAdmin},
		"PATCH /v1/members/{id}":                                          {path: "/v1/members/" + graceID, body: `{"role":"operator"}`, status: 200, role: auth.RoleAdmin},
		"DELETE /v1/members/{id}":                                         {path: "/v1/members/" + spareMemberID, status: 204, role: auth.RoleAdmin},
		"GET /v1/members/{id}/sessions":                                   {path: "/v1/members/" + graceID + "/sessions", status: 200, role: auth.RoleAdmin},
		"DELETE /v1/members/{id}/sessions":                                {path: "/v1/members/" + loneMemberID + "/sessions", status: 204, role: auth.RoleAdmin},
		"GET /v1/workspaces":                                              {path: "/v1/workspaces", status: 200, role: auth.RoleAdmin},
		"POST /v1/workspaces":                                             {path: "/v1/workspaces", body: `{"name":"new","admin":{"login":"root"}}`, status: 201, role: auth.RoleAdmin},
		"POST /v1/members/{id}/invitations":                               {path: "/v1/members/" + graceID + "/invitations", status: 201, role: auth.RoleAdmin},
		"POST /v1/token":                                                  {path: "/v1/token", body: `{"grant_type":"invitation","code":"` + standing.Reveal() + `"}`, status: 200},
		"POST /v1/token/revoke":                                           {path: "/v1/token/revoke", body: `{"refresh_token":"` + standingRefresh.Reveal() + `"}`, status: 204},
		"GET /v1/sign-in/github":                                          {path: "/v1/sign-in/github?login=grace", status: 302, bare: true},
		"GET /v1/sign-in/github/callback":                                 {path: "/v1/sign-in/github/callback?state=good&code=c", status: 200, header: []string{"Cookie: __Host-holdfast-signin=c00kie"}},
		"GET /v1/budgets":                                                 {path: "/v1/budgets", status: 200, role: auth.RoleReader},
		"POST /v1/webhooks/{connection}":                                  {path: "/v1/webhooks/default", body: `{"zen":"Speak like a human."}`, status: 202, header: []string{"X-GitHub-Event: ping", "X-GitHub-Delivery: 1"}, signed: true},
		"POST /v1/codec/decode":                                           {path: "/v1/codec/decode", body: encrypted, status: 200, role: auth.RoleAdmin, bare: true},
		"POST /v1/codec/encode":                                           {path: "/v1/codec/encode", body: clearPayloads, status: 200, role: auth.RoleAdmin, bare: true},
		"POST /v1/codec/session":                                          {path: "/v1/codec/session", status: 204, role: auth.RoleAdmin},
		"DELETE /v1/codec/session":                                        {path: "/v1/codec/session", status: 204, role: auth.RoleAdmin},
		"GET /.well-known/jwks.json":                                      {path: "/.well-known/jwks.json", status: 200, bare: true},
		"GET /healthz":                                                    {path: "/healthz", status: 200, bare: true},
		"GET /readyz":                                                     {path: "/readyz", status: 200, bare: true},
		"GET /problems/{code}":                                            {path: "/problems/not_found", status: 200, bare: true},
		"GET /asyncapi.json":                                              {path: "/asyncapi.json", status: 200, bare: true},
		"GET /openapi.json":                                               {path: "/openapi.json", status: 200, bare: true},
		"GET /openapi.yaml":                                               {path: "/openapi.yaml", status: 200, bare: true},
		"GET /docs":                                                       {path: "/docs", status: 200, bare: true},
		"GET /docs/{file}":                                                {path: "/docs/docs.js", status: 200, bare: true},
	}
}

// send sends a request for one of the routes, and holds that its answer is described.
func (b *bundle) send(t *testing.T, route string, r asked, token string, header ...string) answer {
	t.Helper()
	method, _, _ := strings.Cut(route, " ")
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	header = slices.Concat(r.header, header)
	if r.signed {
		header = append(header, "X-Hub-Signature-256: "+delivery.Sign(webhookSecret, []byte(r.body)))
	}
	return b.do(t, method, r.path, token, body, header...)
}

// Every route, asked rightly and in each way in which any route can be asked wrongly,
// answers as the document says: do compares the status, the media type and the body.
func TestEveryRouteAnswersAsItIsDescribed(t *testing.T) {
	t.Parallel()
	b, encrypted := setupCodec(t)
	roles := []auth.Role{auth.RoleReader, auth.RoleOperator, auth.RoleAdmin}
	routes := everyRoute(encrypted)
	require.NoError(t, chi.Walk(b.api.Routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		require.Contains(t, routes, method+" "+route, "a route without a request here")
		return nil
	}))
	for route, r := range routes {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			op := b.operation(t)
			if r.state != "" {
				b.store.state(op.ID, r.state)
			}
			r.path = strings.ReplaceAll(r.path, "ID", op.ID)
			token := ""
			if r.role != "" {
				token = b.token(t, r.role)
				require.Equal(t, http.StatusUnauthorized, b.send(t, route, r, "").StatusCode)
				require.Equal(t, http.StatusUnauthorized, b.send(t, route, r, "not.a.token").StatusCode)
				for _, weaker := range roles {
					if weaker == r.role {
						break
					}
					require.Equal(t, http.StatusForbidden, b.send(t, route, r, b.token(t, weaker)).StatusCode, weaker)
				}
			}
			if r.status != http.StatusSwitchingProtocols { // TestEveryMessageIsDescribed has that one
				got := b.send(t, route, r, token)
				require.Equal(t, r.status, got.StatusCode, got.body)
			}
			wrong := r
			wrong.path, _, _ = strings.Cut(r.path, "?")
			wrong.path += "?a=%zz"
			require.Equal(t, http.StatusUnprocessableEntity, b.send(t, route, wrong, token).StatusCode)
			if r.body == "" {
				return
			}
			require.Equal(t, http.StatusUnsupportedMediaType, b.send(t, route, r, token, "Content-Type: text/plain").StatusCode)
			for _, body := range []string{"[]", `{"repository":"a/b"`, `{"payloads":7}`} {
				if r.signed && json.Valid([]byte(body)) && body != "[]" {
					continue // every object is a payload
				}
				wrong := r
				wrong.body = body
				got := b.send(t, route, wrong, token)
				require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, got.StatusCode, "%s: %s", body, got.body)
			}
		})
	}
}

// What is wrong behind a route is described for it as well.
func TestEveryRouteFailsAsItIsDescribed(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"unavailable": &operation.Error{Code: operation.CodeUnavailable, Message: "x", Err: errors.New("down")},
		"internal":    errors.New("broken"),
		"forbidden":   &operation.Error{Code: operation.CodeForbidden, Message: "The token is for a workspace that this server does not have."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, encrypted := setupCodec(t)
			op := b.operation(t)
			b.health["postgres"], b.starter.err = failure, failure
			b.store.setErr(failure)
			for route, r := range everyRoute(encrypted) {
				if name == "forbidden" && route != "POST /v1/syncs" {
					continue // only what writes for a workspace finds that it is missing
				}
				if route == "GET /v1/stream" {
					continue // nothing is behind it until a topic is asked for
				}
				r.path = strings.ReplaceAll(r.path, "ID", op.ID)
				token := ""
				if r.role != "" {
					token = b.token(t, r.role)
				}
				got := b.send(t, route, r, token)
				if r.bare && route != "GET /readyz" {
					require.Equal(t, r.status, got.StatusCode, route)
					continue
				}
				require.GreaterOrEqual(t, got.StatusCode, http.StatusForbidden, route)
				require.NotEmpty(t, got.problem(t).Code)
			}
		})
	}
}

// A token may be for a workspace of another server: that is its bearer's to mend.
func TestStartSyncForAWorkspaceThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.setErr(&operation.Error{Code: operation.CodeForbidden, Message: "The token is for a workspace that this server does not have.", Err: errors.New("23503")})
	got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(`{"repository":"octo/mirror"}`))
	require.Equal(t, http.StatusForbidden, got.StatusCode)
	require.Equal(t, "forbidden", got.problem(t).Code)
	require.Equal(t, "The token is for a workspace that this server does not have.", got.problem(t).Detail)
	require.NotContains(t, got.body, "23503")
	require.NotContains(t, b.log.String(), `"level":"ERROR"`)
}

// Every message of a stream is as the document says under 101.
func TestEveryMessageIsDescribed(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	schema := doc.Paths.Value("/v1/operations/{id}/stream").Get.Responses.Status(101).Value.Content.Get("application/json").Schema.Value
	b := setup(t, func(o *api.Options) { o.Heartbeat = time.Hour })
	op := b.operation(t)
	conn := b.dial(t, op.ID, b.token(t, auth.RoleReader), -1)
	b.publish(b.store.state(op.ID, operation.StateRunning), b.store.items(op.ID, "issues", 100), b.store.state(op.ID, operation.StateFailed))
	for range 4 {
		_, data, err := conn.Read(t.Context())
		require.NoError(t, err)
		var message any
		require.NoError(t, json.Unmarshal(data, &message))
		require.NoError(t, schema.VisitJSON(message, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()), string(data))
	}
}
