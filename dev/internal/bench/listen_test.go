package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// speaker is a server of streams that sends events up to until, without those in missing
// and those in twice once more, and drops the connection after dropAfter.
type speaker struct {
	until, dropAfter int64
	missing, twice   int64
}

func (s speaker) serve(t *testing.T) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t0ken" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow() //nolint:errcheck // it has ended
		_, asked, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		var subscribe struct{ Topic, Cursor string }
		if json.Unmarshal(asked, &subscribe) != nil || subscribe.Topic != "operation:o" {
			return
		}
		send := func(format string, args ...any) {
			_ = conn.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...)) // the listener may be gone
		}
		from, _ := strconv.ParseInt(subscribe.Cursor, 10, 64)
		send(`{"type":"subscribed","topic":"operation:o","cursor":"%d"}`, from)
		if from == 0 {
			from = 1
			send(`{"type":"snapshot","topic":"operation:o","cursor":"1","operation":{"id":%q}}`, strings.Repeat("x", 70_000))
		}
		for seq := from + 1; seq <= s.until; seq++ {
			if s.dropAfter > 0 && seq > s.dropAfter {
				return
			}
			for range map[bool]int{true: 2, false: 1}[seq == s.twice] {
				if seq != s.missing {
					send(`{"type":"collection","topic":"operation:o","cursor":"%d","collection":{"total":%d}}`, seq, time.Now().UnixMicro())
				}
			}
		}
		_, _, _ = conn.Read(r.Context()) // until the listener leaves
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// hear has listeners follow one operation to its tenth event.
func hear(t *testing.T, addresses ...string) Heard {
	t.Helper()
	in, orders := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- ServeListeners(t.Context(), in, out) }()
	tell, told := json.NewEncoder(orders), json.NewDecoder(answers)
	require.NoError(t, tell.Encode(audience{Addresses: addresses, Operations: []string{"o"}, Tokens: []string{"t0ken"}, PerOperation: 4}))
	var ready map[string]bool
	require.NoError(t, told.Decode(&ready))
	require.NoError(t, tell.Encode(order{Begin: true}))
	require.NoError(t, tell.Encode(order{Last: []int64{10}}))
	var heard Heard
	require.NoError(t, told.Decode(&heard))
	require.NoError(t, <-ended)
	return heard
}

func TestListenersHearEveryEventOnce(t *testing.T) {
	t.Parallel()
	heard := hear(t, speaker{until: 10}.serve(t))
	require.Equal(t, 4, heard.Listeners)
	require.Zero(t, heard.Lost+heard.Doubled+heard.Skipped)
	require.Zero(t, heard.Dropped)
}

func TestListenersNoticeWhatIsLostAndDoubled(t *testing.T) {
	t.Parallel()
	heard := hear(t, speaker{until: 10, missing: 5}.serve(t))
	require.Equal(t, int64(4), heard.Lost)
	heard = hear(t, speaker{until: 10, twice: 7}.serve(t))
	require.Equal(t, int64(4), heard.Doubled)
	require.Zero(t, heard.Lost)
}

func TestListenersResumeOnTheOther(t *testing.T) {
	t.Parallel()
	heard := hear(t, speaker{until: 10, dropAfter: 6}.serve(t), speaker{until: 10}.serve(t))
	require.Equal(t, 2, heard.Dropped)
	require.Equal(t, 2, heard.Resumed)
	require.Zero(t, heard.Lost+heard.Doubled)
}

func TestStreamsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, o := range []StreamOptions{{0, 1, 5, time.Second, false}, {7, 2, 5, time.Second, false}, {1000, 2, 5, time.Second, false}, {2, 2, 0, time.Second, false}, {2, 2, 5, 0, false}} {
		_, err := Streams(t.Context(), Options{}, o)
		require.ErrorContains(t, err, "m", o)
	}
}

func TestTheStreamsAims(t *testing.T) {
	t.Parallel()
	r := StreamReport{Operations: 50, Rate: 5, For: 20 * time.Second, Memory: 36_000, Heard: Heard{Listeners: 5000, Deliveries: 480_000, P99: 300_000}}
	text := r.Markdown()
	require.Contains(t, text, "| at least 10,000 deliveries a second | 24,000 | met |")
	require.Contains(t, text, "| 99th percentile under 250ms | 300ms | missed |")
	require.Contains(t, text, "| under 40 kB a listener | 36.0 kB | met |")
	r.Kill, r.Heard.Dropped, r.Heard.Resumed, r.Heard.ResumedMS = true, 10, 9, 2800
	require.Contains(t, r.Markdown(), "| every listener of the process that was killed resumes on the other | 9 of 10, the last after 2.8 s | missed |")
}
