package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// events is a client of the stream as server-sent events.
type events struct {
	lines *bufio.Scanner
	t     *testing.T
	id    string // of the last event
}

// events opens the stream; id is what a browser would send that connects again.
func (b *bundle) events(t *testing.T, token, query, id string) *events {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+"/v1/stream?"+query, http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if id != "" {
		r.Header.Set("Last-Event-ID", id)
	}
	answer, err := b.server.Client().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Fail(t, "the stream was refused", string(body))
	}
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	return &events{lines: bufio.NewScanner(answer.Body), t: t}
}

// next is the next event but heartbeats; ok is false at the end.
func (e *events) next() (m told, ok bool) {
	e.t.Helper()
	for e.lines.Scan() {
		field, value, _ := strings.Cut(e.lines.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "data":
			m = told{}
			require.NoError(e.t, json.Unmarshal([]byte(value), &m))
			if m.Type != "heartbeat" {
				return m, true
			}
		}
	}
	return m, false
}

func (e *events) expect(want ...string) {
	e.t.Helper()
	for _, w := range want {
		m, ok := e.next()
		require.True(e.t, ok)
		require.Equal(e.t, w, m.brief())
	}
}

func TestEventsResumeByTheirID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	one := "operation:" + op.ID
	token := b.token(t, auth.RoleReader)
	e := b.events(t, token, "topic="+one+"&topic=changes", "")
	e.expect("subscribed "+one+"@0 resumed=false", "subscribed changes@0 resumed=false", "snapshot "+one+"@0 pending open=0", "snapshot changes@0 open=0")
	b.publish(b.store.state(op.ID, operation.StateRunning))
	e.expect("state " + one + "@1 1 running")
	again := e.id
	b.publish(b.store.items(op.ID, "issues", 10))
	e.expect("collection " + one + "@2 2 issues 10")
	b.store.changed(1, "octo/mirror")
	e.expect("change changes@1 1")
	e = b.events(t, token, "topic="+one+",changes", again)
	e.expect("subscribed "+one+"@1 resumed=true", "subscribed changes@0 resumed=true", "collection "+one+"@2 2 issues 10", "change changes@1 1")
	b.publish(b.store.state(op.ID, operation.StateSucceeded))
	e.expect("state "+one+"@3 3 succeeded", "ended "+one+"@3")
}

func TestEventsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	for query, id := range map[string]string{
		"topic=x": "", "topic=operations&since=1": "", "a=b": "", "topic=changes": "%zz",
		"topic=changes" + many(20): "",
	} {
		got := b.do(t, http.MethodGet, "/v1/stream?"+query, token, nil, "Accept: text/event-stream", "Last-Event-ID: "+id)
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, query)
	}
	require.Equal(t, http.StatusUnauthorized, b.do(t, http.MethodGet, "/v1/stream?topic=changes", "", nil, "Accept: text/event-stream").StatusCode)
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodGet, "/v1/stream?topic=changes", token, nil, "Accept: text/event-stream", "Origin: https://evil.example").StatusCode)
	require.Equal(t, http.StatusUpgradeRequired, b.do(t, http.MethodGet, "/v1/stream?topic=changes", token, nil).StatusCode)
}

// many are that many topics.
func many(n int) string {
	var topics strings.Builder
	for i := range n {
		topics.WriteString(",repository:" + string(rune('1'+i%9)) + strings.Repeat("0", i/9+1))
	}
	return topics.String()
}

func TestEventsEndWithTheRightsOfTheirKey(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Heartbeat = 20 * time.Millisecond })
	key := b.makeKey(t, `{"name":"panel","role":"reader"}`)
	e := b.events(t, key.Secret, "topic=operations", "")
	e.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=0")
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, "/v1/keys/"+key.ID, b.token(t, auth.RoleAdmin), nil).StatusCode)
	m, ok := e.next()
	require.True(t, ok)
	require.Equal(t, "unauthorized", m.Code)
	_, ok = e.next()
	require.False(t, ok)
}

func TestEventsSayThatTheServerStops(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.events(t, b.token(t, auth.RoleReader), "topic=operations", "")
	e.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=0")
	require.NoError(t, b.api.Shutdown(t.Context()))
	e.expect("reconnect @")
	_, ok := e.next()
	require.False(t, ok)
}

// ticket gets a ticket.
func (b *bundle) ticket(t *testing.T, token string) string {
	t.Helper()
	got := b.do(t, http.MethodPost, "/v1/stream/tickets", token, nil)
	require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
	require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	var made struct {
		Ticket string
		Expire int `json:"expires_in"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &made))
	require.Equal(t, 30, made.Expire)
	return made.Ticket
}

func TestATicketOpensOneStreamWithTheRightsOfItsToken(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) {
		o.Heartbeat, o.StreamOrigins = 20*time.Millisecond, []string{"https://panel.example"}
	})
	hidden := b.operation(t)
	key := b.makeKey(t, `{"name":"panel","role":"reader","repositories":["acme/*"]}`)
	made := b.ticket(t, key.Secret)
	conn, _, err := websocket.Dial(t.Context(), b.server.URL+"/v1/stream?ticket="+made, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://panel.example"}}})
	require.NoError(t, err)
	t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // it is closed by then
	l := &live{conn, t}
	l.subscribe("operation:"+hidden.ID, "")
	require.Equal(t, "not_found", l.next().Code)
	require.Equal(t, http.StatusUnauthorized, b.do(t, http.MethodGet, "/v1/stream?ticket="+made, "", nil, upgrade()...).StatusCode, "once")
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, "/v1/stream?ticket="+made, key.Secret, nil, upgrade()...).StatusCode, "one of both")
	require.Equal(t, http.StatusUnauthorized, b.do(t, http.MethodGet, "/v1/operations?ticket="+b.ticket(t, key.Secret), "", nil).StatusCode, "for streams only")
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, "/v1/keys/"+key.ID, b.token(t, auth.RoleAdmin), nil).StatusCode)
	for err == nil { // heartbeats may come before
		_, _, err = conn.Read(t.Context())
	}
	require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err))
	require.NotContains(t, b.log.String(), made)
	require.NotContains(t, b.log.String(), key.Secret)
}

func TestATicketOpensEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.events(t, "", "topic=operations&ticket="+b.ticket(t, b.token(t, auth.RoleReader)), "")
	e.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=0")
}

// What a server sends, and what a client does, is as /asyncapi.json says.
func TestEveryLiveMessageIsInTheAsyncAPIDocument(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Heartbeat = 20 * time.Millisecond })
	var doc struct {
		AsyncAPI   string `json:"asyncapi"`
		Operations map[string]struct {
			Messages []struct {
				Ref string `json:"$ref"`
			}
		}
		Components struct {
			Messages map[string]struct {
				Payload struct {
					Ref string `json:"$ref"`
				}
			}
			Schemas json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(b.do(t, http.MethodGet, "/asyncapi.json", "", nil).body), &doc))
	require.Equal(t, "3.0.0", doc.AsyncAPI)
	require.Len(t, doc.Operations["tell"].Messages, 10)
	schemas, err := openapi3.NewLoader().LoadFromData([]byte(`{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{},"components":{"schemas":` + string(doc.Components.Schemas) + `}}`))
	require.NoError(t, err)
	check := func(name string, data []byte) {
		schema := schemas.Components.Schemas[strings.TrimPrefix(doc.Components.Messages[name].Payload.Ref, "#/components/schemas/")]
		require.NotNil(t, schema, name)
		var message any
		require.NoError(t, json.Unmarshal(data, &message))
		require.NoError(t, schema.Value.VisitJSON(message, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()), string(data))
	}
	op := b.operation(t)
	l := b.live(t, b.token(t, auth.RoleReader))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen := map[string]int{}
	until := func(kind string, times int) {
		for seen[kind] < times {
			_, data, err := l.Read(ctx)
			require.NoError(t, err, "%v", seen)
			var m told
			require.NoError(t, json.Unmarshal(data, &m))
			check(m.Type, data)
			seen[m.Type]++
		}
	}
	for _, text := range []string{
		`{"type":"subscribe","topic":"operation:` + op.ID + `"}`, `{"type":"subscribe","topic":"changes","cursor":"0"}`, `{"type":"subscribe","topic":"operations","cursor":""}`,
		`{"type":"subscribe","topic":"unknown"}`,
	} {
		check("command", []byte(text))
		l.say(text)
	}
	until("snapshot", 2)
	b.store.changed(1, "octo/mirror")
	b.publish(b.store.state(op.ID, operation.StateRunning), b.store.items(op.ID, "issues", 100), b.store.state(op.ID, operation.StateSucceeded))
	for kind, times := range map[string]int{"change": 1, "collection": 2, "state": 4, "ended": 1, "heartbeat": 1, "error": 1, "subscribed": 3} {
		until(kind, times)
	}
	l.say(`{"type":"unsubscribe","topic":"changes"}`)
	until("unsubscribed", 1)
	go b.api.Shutdown(context.Background()) //nolint:errcheck // the test's end asks again
	until("reconnect", 1)
}
