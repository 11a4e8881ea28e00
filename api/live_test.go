package api_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// live is a client of the stream of many topics.
type live struct {
	*websocket.Conn
	t *testing.T
}

// told is any message of the stream, as far as the tests look at it.
type told struct {
	Type, Topic, Cursor, Code, Reason, Message string
	Resumed, Reset, More                       bool
	Seq, Skipped                               int64
	Operation                                  *struct{ ID, State, Subject string }
	Operations                                 []struct{ ID, State string }
	Collection                                 *struct {
		Name  string
		Items int64
	}
	Change  *struct{ Seq int64 }
	Cursors map[string]string
}

// live opens the stream.
func (b *bundle) live(t *testing.T, token string) *live {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), b.server.URL+"/v1/stream", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // most are closed by then
	return &live{conn, t}
}

// limited is a key that may see the repositories of one pattern.
func (b *bundle) limited(t *testing.T, pattern string) string {
	t.Helper()
	return b.makeKey(t, fmt.Sprintf(`{"name":"limited","role":"reader","repositories":[%q]}`, pattern)).Secret
}

func (l *live) say(text string) {
	l.t.Helper()
	require.NoError(l.t, l.Write(l.t.Context(), websocket.MessageText, []byte(text)))
}

func (l *live) subscribe(topic, cursor string) {
	l.t.Helper()
	l.say(fmt.Sprintf(`{"type":"subscribe","topic":%q,"cursor":%q}`, topic, cursor))
}

// next is the next message but heartbeats.
func (l *live) next() told {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	for {
		_, data, err := l.Read(ctx)
		require.NoError(l.t, err)
		var m told
		require.NoError(l.t, json.Unmarshal(data, &m), string(data))
		if m.Type != "heartbeat" {
			return m
		}
	}
}

// expect holds that the next messages are these, in brief.
func (l *live) expect(want ...string) {
	l.t.Helper()
	for _, w := range want {
		require.Equal(l.t, w, l.next().brief())
	}
}

func (m told) brief() string {
	at := m.Type + " " + m.Topic + "@" + m.Cursor
	switch m.Type {
	case "subscribed":
		return fmt.Sprintf("%s resumed=%t", at, m.Resumed)
	case "snapshot":
		if m.Operation != nil {
			at += " " + m.Operation.State
		}
		if m.Reset {
			at += " reset"
		}
		return fmt.Sprintf("%s open=%d", at, len(m.Operations))
	case "state":
		return fmt.Sprintf("%s %d %s", at, m.Seq, m.Operation.State)
	case "collection":
		return fmt.Sprintf("%s %d %s %d", at, m.Seq, m.Collection.Name, m.Collection.Items)
	case "change":
		return fmt.Sprintf("%s %d", at, m.Change.Seq)
	case "error", "unsubscribed":
		return at + " " + m.Code
	default:
		return at
	}
}

func TestLiveFollowsManyTopics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.repos = []operation.Repository{{ID: 1, FullName: "octo/mirror"}, {ID: 2, FullName: "octo/other"}}
	op := b.operation(t)
	one := "operation:" + op.ID
	l := b.live(t, b.token(t, auth.RoleReader))
	l.subscribe(one, "")
	l.expect("subscribed "+one+"@0 resumed=false", "snapshot "+one+"@0 pending open=0")
	l.subscribe("operations", "")
	l.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=1")
	l.subscribe("changes", "")
	l.expect("subscribed changes@0 resumed=false", "snapshot changes@0 open=0")
	l.subscribe("repository:2", "")
	l.expect("subscribed repository:2@0.0 resumed=false", "snapshot repository:2@0.0 open=0")
	b.store.changed(1, "octo/mirror")
	b.store.changed(2, "octo/other")
	got := map[string][]string{}
	for range 3 {
		m := l.next()
		got[m.Topic] = append(got[m.Topic], m.brief())
	}
	require.Equal(t, map[string][]string{
		"changes": {"change changes@1 1", "change changes@2 2"}, "repository:2": {"change repository:2@0.2 2"},
	}, got)
	b.publish(b.store.state(op.ID, operation.StateRunning))
	got = map[string][]string{}
	for range 2 {
		m := l.next()
		got[m.Topic] = append(got[m.Topic], m.brief())
	}
	require.Equal(t, map[string][]string{one: {"state " + one + "@1 1 running"}, "operations": {"state operations@1 1 running"}}, got)
	l.say(`{"type":"unsubscribe","topic":"operations"}`)
	l.expect("unsubscribed operations@1 ")
	b.publish(b.store.state(op.ID, operation.StateSucceeded))
	l.expect("state "+one+"@2 2 succeeded", "ended "+one+"@2")
	l.subscribe(one, "1")
	l.expect("subscribed "+one+"@1 resumed=true", "state "+one+"@2 2 succeeded", "ended "+one+"@2")
	l.subscribe("operations", "1")
	l.expect("subscribed operations@1 resumed=true", "state operations@2 2 succeeded")
}

// What the cursor asks for is told, or it is said that it is not kept any more.
func TestLiveAnnouncesGaps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	for range 5 {
		b.store.items(op.ID, "issues", 1)
	}
	b.store.dropped = 3
	l := b.live(t, b.token(t, auth.RoleReader))
	l.subscribe("operations", "2")
	l.expect("subscribed operations@5 resumed=false", "snapshot operations@5 reset open=1")
	l.say(`{"type":"unsubscribe","topic":"operations"}`)
	l.expect("unsubscribed operations@5 ")
	l.subscribe("operations", "99")
	l.expect("subscribed operations@5 resumed=false", "snapshot operations@5 reset open=1")
	l.say(`{"type":"unsubscribe","topic":"operations"}`)
	l.expect("unsubscribed operations@5 ")
	l.subscribe("operations", "3")
	l.expect("subscribed operations@3 resumed=true", "collection operations@4 4 issues 1", "collection operations@5 5 issues 1")
}

func TestLiveShowsOnlyWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.repos = []operation.Repository{{ID: 1, FullName: "octo/mirror"}, {ID: 2, FullName: "acme/open"}}
	hidden := b.operation(t) // of octo/mirror
	l := b.live(t, b.limited(t, "acme/*"))
	l.subscribe("operation:"+hidden.ID, "")
	require.Equal(t, "not_found", l.next().Code)
	l.subscribe("operation:"+missingID, "")
	require.Equal(t, "not_found", l.next().Code)
	l.subscribe("repository:1", "")
	require.Equal(t, "not_found", l.next().Code)
	l.subscribe("repository:77", "")
	require.Equal(t, "not_found", l.next().Code)
	l.subscribe("operations", "")
	l.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=0")
	l.subscribe("changes", "")
	l.expect("subscribed changes@0 resumed=false", "snapshot changes@0 open=0")
	l.subscribe("repository:2", "")
	l.expect("subscribed repository:2@0.0 resumed=false", "snapshot repository:2@0.0 open=0")
	b.publish(b.store.state(hidden.ID, operation.StateRunning))
	b.store.changed(1, "octo/mirror")
	b.store.changed(9, "") // of an organization, or of no name that is known
	b.store.changed(2, "acme/open")
	seen := map[string]string{}
	for range 2 {
		m := l.next()
		seen[m.Topic] = m.brief()
	}
	require.Equal(t, "change changes@3 3", seen["changes"])
	require.Regexp(t, `^change repository:2@[01]\.3 3$`, seen["repository:2"])
}

func TestLiveRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b := setup(t)
	l := b.live(t, b.token(t, auth.RoleReader))
	for _, text := range []string{
		``, `{`, `[]`, `{"type":"subscribe"}`, `{"type":"subscribe","topic":"all"}`, `{"type":"publish","topic":"operations"}`,
		`{"type":"subscribe","topic":"operations","cursor":"-1"}`, `{"type":"subscribe","topic":"operations","cursor":"01"}`,
		`{"type":"subscribe","topic":"operations","token":"x"}`, `{"type":"subscribe","topic":"operations"}{}`,
		`{"type":"subscribe","topic":"repository:x"}`, `{"type":"subscribe","topic":"operation:1"}`, `{"type":"unsubscribe","topic":"changes"}`,
		`{"type":"subscribe","topic":"operations","cursor":"` + strings.Repeat("1", 200) + `"}`,
	} {
		l.say(text)
		m := l.next()
		require.Equal(t, "error", m.Type, text)
		require.NotEmpty(t, m.Message, text)
	}
	l.subscribe("operations", "")
	l.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=0")
	l.subscribe("operations", "")
	require.Equal(t, "subscribed_already", l.next().Code)
	for range 10 {
		l.say("x")
	}
	for {
		_, _, err := l.Read(ctx)
		if err != nil {
			require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err))
			return
		}
	}
}

func TestLiveBoundsWhatClientsSend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		send func(l *live)
		want websocket.StatusCode
	}{
		"too long": {func(l *live) { l.say(`{"type":"` + strings.Repeat("x", 5000) + `"}`) }, websocket.StatusMessageTooBig},
		"too many": {func(l *live) {
			for range 400 {
				if l.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","topic":"operations"}`)) != nil {
					return // it was closed already
				}
			}
		}, websocket.StatusPolicyViolation},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := b.live(t, b.token(t, auth.RoleReader))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			go tt.send(l)
			for {
				_, _, err := l.Read(ctx)
				if err != nil {
					require.Equal(t, tt.want, websocket.CloseStatus(err), err)
					return
				}
			}
		})
	}
}

func TestLiveBoundsTopics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.live(t, b.token(t, auth.RoleReader))
	for range 100 {
		l.subscribe("operation:"+b.operation(t).ID, "")
		require.Equal(t, "subscribed", l.next().Type)
		require.Equal(t, "snapshot", l.next().Type)
	}
	l.subscribe("operations", "")
	require.Equal(t, "too_many_topics", l.next().Code)
}

func TestLiveEndsWithTheRightsOfItsToken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b := setup(t, func(o *api.Options) { o.Heartbeat = 20 * time.Millisecond })
	key := b.makeKey(t, `{"name":"limited","role":"reader","repositories":["acme/*"]}`)
	keyed := b.live(t, key.Secret)
	keyed.subscribe("operations", "")
	keyed.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=0")
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, "/v1/keys/"+key.ID, b.token(t, auth.RoleAdmin), nil).StatusCode)
	for {
		_, _, err := keyed.Read(ctx)
		if err != nil {
			require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err))
			return
		}
	}
}

// A repository that gets a name which may not be seen is not followed any more.
func TestLiveLooksAgainWhetherARepositoryMayBeSeen(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Heartbeat = 20 * time.Millisecond })
	b.store.repos = []operation.Repository{{ID: 1, FullName: "acme/open"}}
	l := b.live(t, b.limited(t, "acme/*"))
	l.subscribe("repository:1", "")
	l.expect("subscribed repository:1@0.0 resumed=false", "snapshot repository:1@0.0 open=0")
	b.store.mu.Lock()
	b.store.repos[0].FullName = "octo/closed"
	b.store.mu.Unlock()
	l.expect("unsubscribed repository:1@0.0 not_found")
}

func TestLiveSaysThatTheServerStops(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.live(t, b.token(t, auth.RoleReader))
	l.subscribe("operations", "")
	l.expect("subscribed operations@0 resumed=false", "snapshot operations@0 open=0")
	go b.api.Shutdown(context.Background()) //nolint:errcheck // the test's end asks again
	m := l.next()
	require.Equal(t, "reconnect", m.Type)
	require.Equal(t, map[string]string{"operations": "0"}, m.Cursors)
	requireClosed(t, l.Conn, websocket.StatusGoingAway, "shutting down")
}

// A page of another origin may not open the stream, and by default none may.
func TestLiveLooksAtTheOrigin(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.StreamOrigins = []string{"https://panel.example"} })
	for origin, want := range map[string]int{
		"": 101, "https://panel.example": 101, "https://panel.example.evil": 403, "http://panel.example": 403, "null": 403, b.server.URL: 403,
	} {
		header := http.Header{"Authorization": {"Bearer " + b.token(t, auth.RoleReader)}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, answer, err := websocket.Dial(t.Context(), b.server.URL+"/v1/stream", &websocket.DialOptions{HTTPHeader: header})
		require.Equal(t, want, answer.StatusCode, origin)
		if err == nil {
			require.NoError(t, conn.CloseNow())
		}
	}
}

// Every message is as the document says under 101.
func TestEveryLiveMessageIsDescribed(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	schema := doc.Paths.Value("/v1/stream").Get.Responses.Status(101).Value.Content.Get("application/json").Schema.Value
	b := setup(t, func(o *api.Options) { o.Heartbeat = 30 * time.Millisecond })
	op := b.operation(t)
	l := b.live(t, b.token(t, auth.RoleReader))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen := map[string]int{}
	until := func(kind string, times int) {
		for seen[kind] < times {
			_, data, err := l.Read(ctx)
			require.NoError(t, err, "%v", seen)
			var message map[string]any
			require.NoError(t, json.Unmarshal(data, &message))
			require.NoError(t, schema.VisitJSON(message, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()), string(data))
			seen[message["type"].(string)]++
		}
	}
	for _, topic := range []string{"operations", "changes", "operation:" + op.ID, "nothing"} {
		l.subscribe(topic, "")
	}
	until("snapshot", 3)
	until("error", 1)
	b.store.changed(1, "octo/mirror")
	b.publish(b.store.state(op.ID, operation.StateRunning), b.store.items(op.ID, "issues", 100), b.store.state(op.ID, operation.StateFailed))
	until("ended", 1)
	until("change", 1)
	until("collection", 2)
	until("state", 4)
	l.say(`{"type":"unsubscribe","topic":"changes"}`)
	until("unsubscribed", 1)
	until("heartbeat", 1)
	go b.api.Shutdown(context.Background()) //nolint:errcheck // the test's end asks again
	until("reconnect", 1)
}
