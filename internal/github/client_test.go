package github_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/github"
)

const token = "t0ken"

// serve runs handlers in turn, the last for every request that follows.
func serve(t *testing.T, handlers ...http.HandlerFunc) (*github.Client, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		handlers[min(n, len(handlers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	return newClient(t, server.URL), &asked
}

func newClient(t *testing.T, base string) *github.Client {
	t.Helper()
	c, err := github.New(github.Options{
		BaseURL: base, Credential: github.StaticToken(token), UserAgent: "test", Now: time.Now, Scale: 0.001, Account: account(t),
	})
	require.NoError(t, err)
	return c
}

// ledger keeps its accounts within this process.
func ledger(t *testing.T) *budget.Ledger {
	t.Helper()
	l, err := budget.NewLedger(budget.Options{Process: t.Name(), Now: time.Now, Scale: 0.001})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

// account is one of its own, of a GitHub that says nothing of its limits by itself.
func account(t *testing.T) *budget.Account {
	t.Helper()
	return ledger(t).Account("test", func(context.Context) (budget.Rates, error) { return budget.Rates{}, nil })
}

func ok(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, `{"message": "as GitHub says"}`)
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	fmt.Fprint(w, `[{"id"`)
}

func TestListReadsAPage(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token || r.UserAgent() != "test" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		next := "http://" + r.Host + "/repositories/1/issues?after=abc%3D&page=2"
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next", <http://%s/repositories/1/issues?page=7>; rel="last"`, next, r.Host))
		w.Header().Set("Date", "Mon, 02 Jan 2006 15:04:05 GMT")
		fmt.Fprint(w, `[{"id": 1, "exact":  true}, {"id": 2}]`)
	})
	p, err := c.List(t.Context(), "repos/o/r/issues?per_page=100", github.Ask{})
	require.NoError(t, err)
	require.Len(t, p.Items, 2)
	require.Equal(t, `{"id": 1, "exact":  true}`, string(p.Items[0]), "the bytes are GitHub's")
	require.Contains(t, p.Next, "after=abc%3D&page=2", "the link is verbatim")
	require.Equal(t, 7, p.Last)
	require.Equal(t, int64(1), p.Requests)
	require.Equal(t, time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC), p.Date.UTC())
}

func TestBrokenAnswersAreRepeated(t *testing.T) {
	t.Parallel()
	reset := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close() // the point is that it closes
		}
	}
	for name, broken := range map[string]http.HandlerFunc{
		"500": status(500), "502": status(502), "cut off": cutOff, "reset": reset, "empty": ok(""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := serve(t, broken, broken, ok(`[{"id": 1}]`))
			p, err := c.List(t.Context(), "x", github.Ask{})
			require.NoError(t, err)
			require.Len(t, p.Items, 1)
			require.Equal(t, int64(3), asked.Load())
			require.Equal(t, int64(3), p.Requests)

			c, asked = serve(t, broken)
			p, err = c.List(t.Context(), "x", github.Ask{})
			require.Equal(t, github.KindUnreachable, github.KindOf(err))
			require.Equal(t, int64(4), asked.Load(), "it ends")
			require.Equal(t, int64(4), p.Requests)
		})
	}
}

func TestNoContentIsAnEmptyListAndNoObject(t *testing.T) {
	t.Parallel()
	c, asked := serve(t, status(http.StatusNoContent))
	p, err := c.List(t.Context(), "repos/o/r/contributors", github.Ask{})
	require.NoError(t, err)
	require.Empty(t, p.Items)
	_, err = c.Object(t.Context(), "repos/o/r")
	require.Equal(t, github.KindUnexpected, github.KindOf(err))
	require.Equal(t, int64(2), asked.Load())
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for code, kind := range map[int]github.Kind{
		401: github.KindUnauthorized, 403: github.KindForbidden, 404: github.KindNotFound, 409: github.KindConflict,
		410: github.KindGone, 422: github.KindRejected, 451: github.KindBlocked, 418: github.KindUnexpected,
	} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			c, asked := serve(t, status(code, "X-GitHub-Request-Id", "AB:12"))
			_, err := c.List(t.Context(), "x", github.Ask{})
			require.Equal(t, kind, github.KindOf(err))
			require.ErrorContains(t, err, "as GitHub says")
			require.Equal(t, int64(1), asked.Load())
		})
	}
}

func TestLimitsAreObeyed(t *testing.T) {
	t.Parallel()
	inAnHour := time.Now().Add(time.Hour)
	secondary := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message": "You have exceeded a secondary rate limit.", "documentation_url": "https://docs.github.com/rest#secondary-rate-limits"}`)
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		limit  budget.Limit
		wait   time.Duration
	}{
		{"429 Retry-After seconds", status(429, "Retry-After", "30"), budget.Secondary, 30 * time.Second},
		{"403 Retry-After seconds", status(403, "Retry-After", "30"), budget.Secondary, 30 * time.Second},
		{"429 Retry-After date", status(429, "Retry-After", inAnHour.UTC().Format(http.TimeFormat)), budget.Secondary, time.Hour},
		{"403 Retry-After date", status(403, "Retry-After", inAnHour.UTC().Format(http.TimeFormat)), budget.Secondary, time.Hour},
		{"403 primary", status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", strconv.FormatInt(inAnHour.Unix(), 10)), budget.Primary, time.Hour},
		{"429 primary", status(429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", strconv.FormatInt(inAnHour.Unix(), 10)), budget.Primary, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, asked := serve(t, tt.answer)
			for range 3 {
				_, err := c.List(t.Context(), "x", github.Ask{})
				var limit *budget.LimitError
				require.ErrorAs(t, err, &limit)
				require.Equal(t, tt.limit, limit.Limit)
				require.WithinDuration(t, time.Now().Add(tt.wait), limit.Until, 5*time.Second)
			}
			require.Equal(t, int64(1), asked.Load(), "nothing is sent while the limit is met")
		})
	}
	t.Run("times are read on GitHub's clock", func(t *testing.T) {
		t.Parallel()
		lateClock := inAnHour.Add(-24 * time.Hour)
		c, asked := serve(t, status(403, "X-RateLimit-Remaining", "0", "Date", lateClock.UTC().Format(http.TimeFormat),
			"X-RateLimit-Reset", strconv.FormatInt(lateClock.Add(10*time.Minute).Unix(), 10)))
		for range 2 {
			_, err := c.List(t.Context(), "x", github.Ask{})
			var limit *budget.LimitError
			require.ErrorAs(t, err, &limit)
			require.WithinDuration(t, time.Now().Add(10*time.Minute), limit.Until, 5*time.Second)
		}
		require.Equal(t, int64(1), asked.Load())
	})
	for name, value := range map[string]string{"absurdly long": "99999999999", "in the far future": "Fri, 31 Dec 9999 23:59:59 GMT"} {
		t.Run("Retry-After "+name, func(t *testing.T) {
			t.Parallel()
			c, _ := serve(t, status(429, "Retry-After", value))
			_, err := c.List(t.Context(), "x", github.Ask{})
			var limit *budget.LimitError
			require.ErrorAs(t, err, &limit)
			require.WithinDuration(t, time.Now().Add(65*time.Minute), limit.Until, 5*time.Second, "a wait has an end")
		})
	}
	t.Run("Retry-After of nothing backs off all the same", func(t *testing.T) {
		t.Parallel()
		c, asked := serve(t, status(429, "Retry-After", "0"))
		_, err := c.List(t.Context(), "x", github.Ask{})
		var limit *budget.LimitError
		require.ErrorAs(t, err, &limit)
		require.Equal(t, int64(1), asked.Load())
	})
	t.Run("without a time it is waited for, longer each time", func(t *testing.T) {
		t.Parallel()
		c, asked := serve(t, secondary, secondary, ok(`[]`))
		began := time.Now()
		require.Eventually(t, func() bool {
			_, err := c.List(t.Context(), "x", github.Ask{})
			return err == nil
		}, 10*time.Second, time.Millisecond)
		require.Equal(t, int64(3), asked.Load(), "nothing is sent while the limit is met")
		require.GreaterOrEqual(t, time.Since(began), 180*time.Millisecond, "60 s and 120 s, scaled by a thousand")
	})
	t.Run("the last allowed answer closes the gate", func(t *testing.T) {
		t.Parallel()
		c, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Limit", "5000")
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(inAnHour.Unix(), 10))
			fmt.Fprint(w, `[]`)
		})
		_, err := c.List(t.Context(), "x", github.Ask{})
		require.NoError(t, err)
		_, err = c.List(t.Context(), "x", github.Ask{})
		var limit *budget.LimitError
		require.ErrorAs(t, err, &limit)
		require.Equal(t, int64(1), asked.Load(), "no request is wasted on a refusal")
	})
}

func TestWhatIsNoListIsNoEmptyList(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"null", "{}", "[", `"x"`} {
		c, _ := serve(t, ok(body))
		_, err := c.List(t.Context(), "x", github.Ask{})
		require.Equal(t, github.KindUnreachable, github.KindOf(err), body)
	}
	c, asked := serve(t, ok("[]"))
	p, err := c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	require.Empty(t, p.Items)
	_, err = c.List(t.Context(), "https://github.example/repositories/1/issues", github.Ask{})
	require.ErrorContains(t, err, "leads to another host", "a link that was kept")
	require.Equal(t, int64(1), asked.Load())
}

func TestTheTokenStaysWithItsHost(t *testing.T) {
	t.Parallel()
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked.Store(r.Header.Get("Authorization") != "")
	}))
	t.Cleanup(other.Close)
	away := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/x", http.StatusMovedPermanently)
	}
	c, _ := serve(t, away)
	_, err := c.List(t.Context(), "x", github.Ask{})
	require.ErrorContains(t, err, "redirects to another host")
	require.False(t, leaked.Load())

	c, _ = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", fmt.Sprintf(`<%s/x?page=2>; rel="next"`, other.URL))
		fmt.Fprint(w, `[]`)
	})
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.ErrorContains(t, err, "leads to another host")
}

func TestRenamesAreFollowed(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/repositories/1/issues", http.StatusMovedPermanently)
	}, ok(`[{"id": 1}]`))
	p, err := c.List(t.Context(), "repos/o/old/issues", github.Ask{})
	require.NoError(t, err)
	require.Len(t, p.Items, 1)
	require.Equal(t, int64(2), p.Requests)

	c, _ = serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.ErrorContains(t, err, "in a circle")
}

// go-github's WithAuthToken on a client that others share wraps the shared HTTP client:
// the first token goes out with everybody's requests.
func TestClientsThatShareATransportKeepTheirTokens(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := r.URL.Query().Get("as"); strings.Join(r.Header.Values("Authorization"), ",") != want {
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprint(w, `[]`)
	}))
	t.Cleanup(server.Close)
	shared, clients := github.NewTransport(), map[string]*github.Client{}
	for want, credential := range map[string]github.Credential{
		"Bearer one": github.StaticToken("one"), "Bearer two": github.StaticToken("two"), "": github.Anonymous(),
	} {
		c, err := github.New(github.Options{
			BaseURL: server.URL, Credential: credential, Transport: shared, Now: time.Now, Scale: 0.001, Account: account(t),
		})
		require.NoError(t, err)
		clients[want] = c
	}
	var wait sync.WaitGroup
	for range 20 {
		for want, c := range clients {
			wait.Go(func() {
				if _, err := c.List(t.Context(), "x?as="+url.QueryEscape(want), github.Ask{}); err != nil {
					t.Errorf("%q: %v", want, err)
				}
			})
		}
	}
	wait.Wait()
}

func TestErrorsHoldNoToken(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://127.0.0.1:1/")
	_, err := c.Object(t.Context(), "repos/o/r")
	require.Equal(t, github.KindUnreachable, github.KindOf(err))
	require.NotContains(t, err.Error(), token)
}

func TestACancelledRequestEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, asked := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := c.List(ctx, "x", github.Ask{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, int64(1), asked.Load())
}
