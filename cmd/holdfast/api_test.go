package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// blackHole is a service that takes connections and never says a word. It tells of
// each connection, as far as somebody listens.
func blackHole(t *testing.T) (address string, taken <-chan struct{}) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	told := make(chan struct{}, 100)
	var held []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			held = append(held, conn)
			told <- struct{}{}
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		<-done
		for _, conn := range held {
			conn.Close() // whoever was held is gone
		}
	})
	return listener.Addr().String(), told
}

// log is what a process says, read while it says it.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// find is the value of a field in the log's line with that message, if it is there.
func (l *log) find(message, field string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.Lines(l.text.Bytes()) {
		var said map[string]any
		if json.Unmarshal(line, &said) == nil && said["msg"] == message {
			value, _ := said[field].(string)
			return value
		}
	}
	return ""
}

// hungAPI runs an API whose database and Temporal hang.
type hungAPI struct {
	url   string
	token string
	asked <-chan struct{} // connections to the database
	stop  func()
	ended <-chan error
	log   *log
}

func runHungAPI(t *testing.T, env ...string) *hungAPI {
	t.Helper()
	t.Parallel()
	database, asked := blackHole(t)
	temporal, _ := blackHole(t)
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	env = append([]string{
		"HOLDFAST_DATABASE_URL=postgres://u:p@" + database + "/holdfast?sslmode=disable", "HOLDFAST_REDIS_URL=redis://127.0.0.1:1",
		"TEMPORAL_ADDRESS=" + temporal, "HOLDFAST_JWT_PRIVATE_KEY=" + key,
		"HOLDFAST_LISTEN=127.0.0.1:0", "HOLDFAST_METRICS_LISTEN=127.0.0.1:0",
	}, env...)
	token, _, err := holdfast(t, env, "token", "create")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended, said := make(chan error, 1), &log{}
	go func() { ended <- run(ctx, []string{"api"}, env, io.Discard, said) }()
	t.Cleanup(cancel)
	require.Eventually(t, func() bool { return said.find("the API is ready", "address") != "" }, 10*time.Second, time.Millisecond)
	return &hungAPI{
		url: "http://" + said.find("the API is ready", "address"), token: strings.TrimSpace(token),
		asked: asked, stop: cancel, ended: ended, log: said,
	}
}

func (h *hungAPI) get(t *testing.T, path string) (status int, body string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, h.url+path, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+h.token)
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(read), err
}

// A probe has an answer soon, and names all that cannot be reached.
func TestReadinessWhileEverythingHangs(t *testing.T) {
	h := runHungAPI(t)
	began := time.Now()
	status, body, err := h.get(t, "/readyz")
	require.NoError(t, err)
	require.Less(t, time.Since(began), 8*time.Second, "both are asked at once, for 3 s")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "cannot be reached: postgres, temporal.")
	h.stop()
	require.NoError(t, <-h.ended, "there was nothing to break off")
}

// A request that waits for a database that hangs is broken off when the time to end
// is over, and so is the closing of the pool.
func TestTheAPIEndsThoughTheDatabaseHangs(t *testing.T) {
	h := runHungAPI(t, "HOLDFAST_SHUTDOWN_TIMEOUT=100ms")
	go func() {
		<-h.asked
		h.stop()
	}()
	_, _, err := h.get(t, "/v1/operations")
	require.Error(t, err, "its connection was closed")
	select {
	case err := <-h.ended:
		require.ErrorContains(t, err, "broke off what had not ended within 100ms")
	case <-time.After(20 * time.Second):
		require.Fail(t, "the API does not end")
	}
}
