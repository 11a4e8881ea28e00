package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/delivery"
)

const webhookSecret = "It's a Secret to Everybody"

// newReceiver takes deliveries into s, which knows no repository: it ignores them all.
func newReceiver(s delivery.Keeper, log *slog.Logger) *delivery.Receiver {
	return &delivery.Receiver{
		Directory:   delivery.Fixed{{Name: "default", WorkspaceID: workspace, Secrets: []string{webhookSecret}}},
		Collections: collection.NewRegistry(), Keeper: s, Announce: func(delivery.Repository) {}, Logger: log,
	}
}

func (s *store) InsertDelivery(context.Context, delivery.Delivery) (delivery.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return delivery.StateIgnored, s.err
}

// deliver sends a body as GitHub does.
func (b *bundle) deliver(t *testing.T, body io.Reader, signature string, header ...string) answer {
	t.Helper()
	header = append([]string{"X-GitHub-Event: issues", "X-GitHub-Delivery: 1", "X-Hub-Signature-256: " + signature}, header...)
	return b.do(t, http.MethodPost, "/v1/webhooks/default", "", body, header...)
}

func TestADeliveryNeedsItsSignature(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := `{"action":"opened"}`
	right := delivery.Sign(webhookSecret, []byte(body))
	for name, tt := range map[string]struct {
		signature string
		header    []string
		status    int
	}{
		"signed":                 {right, nil, http.StatusAccepted},
		"unsigned":               {"", nil, http.StatusUnauthorized},
		"signed by another":      {delivery.Sign("x", []byte(body)), nil, http.StatusUnauthorized},
		"signed twice":           {right, []string{"X-Hub-Signature-256: " + right, "X-Hub-Signature-256: " + right}, http.StatusUnauthorized},
		"two GUIDs":              {right, []string{"X-GitHub-Delivery: 1", "X-GitHub-Delivery: 2"}, http.StatusUnprocessableEntity},
		"as text":                {right, []string{"Content-Type: text/plain"}, http.StatusUnsupportedMediaType},
		"as JSON with a charset": {right, []string{"Content-Type: application/json; charset=utf-8"}, http.StatusAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.deliver(t, strings.NewReader(body), tt.signature, tt.header...)
			require.Equal(t, tt.status, got.StatusCode, got.body)
			if tt.status == http.StatusUnauthorized {
				require.Equal(t, "unauthorized", got.problem(t).Code)
				require.Contains(t, got.Header.Get("WWW-Authenticate"), "X-Hub-Signature-256")
			}
		})
	}
	got := b.do(t, http.MethodPost, "/v1/webhooks/other", "", strings.NewReader(body))
	require.Equal(t, http.StatusNotFound, got.StatusCode)
	require.NotContains(t, b.log.String(), webhookSecret)
}

// An API without a secret accepts nothing, whatever it is signed with.
func TestWithoutASecretNothingIsAccepted(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(newStore(), slog.New(slog.DiscardHandler))
	receiver.Directory = delivery.Fixed{{Name: "default", WorkspaceID: workspace}}
	b := setup(t, func(o *api.Options) { o.Webhooks = receiver })
	for _, signature := range []string{"", delivery.Sign("", []byte("{}"))} {
		got := b.deliver(t, strings.NewReader("{}"), signature)
		require.Equal(t, http.StatusUnauthorized, got.StatusCode)
		require.Contains(t, got.problem(t).Detail, "HOLDFAST_WEBHOOK_SECRET")
	}
	none := setup(t, func(o *api.Options) { o.Webhooks = nil })
	require.Equal(t, http.StatusNotFound, none.deliver(t, strings.NewReader("{}"), "").StatusCode)
}

func TestALargeDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payload := func(size int) []byte {
		const around = len(`{"a":""}`)
		return fmt.Appendf(nil, `{"a":"%s"}`, strings.Repeat("x", size-around))
	}
	for name, tt := range map[string]struct {
		size    int
		chunked bool
		status  int
	}{
		"over the first part":         {256<<10 + 1, false, http.StatusAccepted},
		"the largest":                 {delivery.MaxPayload, false, http.StatusAccepted},
		"the largest in chunks":       {delivery.MaxPayload, true, http.StatusAccepted},
		"larger than that":            {delivery.MaxPayload + 1, false, http.StatusRequestEntityTooLarge},
		"larger than that, in chunks": {delivery.MaxPayload + 1, true, http.StatusRequestEntityTooLarge},
	} {
		// One after another: there is room for two at once.
		body := payload(tt.size)
		var reader io.Reader = bytes.NewReader(body)
		if tt.chunked {
			reader = io.MultiReader(reader) // whose length net/http does not know
		}
		got := b.deliver(t, reader, delivery.Sign(webhookSecret, body))
		require.Equal(t, tt.status, got.StatusCode, "%s: %s", name, got.body)
	}
}

// slowBody is a request whose body does not end before it is told to.
func slowBody(t *testing.T, b *bundle, begins string) (conn net.Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /v1/webhooks/default HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		delivery.MaxPayload, begins)
	require.NoError(t, err)
	return conn
}

// Strangers who send large bodies slowly take the places of large ones only, and those
// of GitHub are told to come again.
func TestStrangersCannotTakeAllMemory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 {
		slowBody(t, b, strings.Repeat("x", 300<<10))
	}
	large := fmt.Appendf(nil, `{"a":"%s"}`, strings.Repeat("x", 300<<10))
	require.Eventually(t, func() bool {
		return b.deliver(t, bytes.NewReader(large), delivery.Sign(webhookSecret, large)).StatusCode == http.StatusServiceUnavailable
	}, 30*time.Second, time.Millisecond)
	for range 20 {
		small := []byte(`{"action":"opened"}`)
		require.Equal(t, http.StatusAccepted, b.deliver(t, bytes.NewReader(small), delivery.Sign(webhookSecret, small)).StatusCode)
	}
}
