package githubsim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// exchange is one request while it is being answered. Its answer is gathered in
// header, status and enc, and goes out with send.
type exchange struct {
	w      http.ResponseWriter
	req    *http.Request
	now    time.Time
	id     string
	token  string
	route  *route
	path   target
	args   []string
	rate   rate
	header http.Header
	status int
	enc    encoder
	buffer *buffer
	fault  FaultKind
	query  uint64 // a hash of the body of a GraphQL query

	credential *credential // nil if it was not accepted
	entered    bool        // the account counts it
	refused    Limit
}

// buffer is the memory of one answer, used again by later ones.
type buffer struct{ b, scratch []byte }

// bearer is the token that a request carries, "" if none.
func bearer(req *http.Request) string {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		return strings.TrimSpace(token)
	case "basic":
		if user, password, ok := req.BasicAuth(); ok && password != "" {
			return password
		} else if ok {
			return user
		}
	}
	return ""
}

func requestID(n uint64, now time.Time) string {
	x := mix(n)
	return fmt.Sprintf("%04X:%06X:%07X:%07X:%08X", x&0xffff, n&0xffffff, x>>16&0xfffffff, x>>36&0xfffffff, now.Unix())
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

func (s *Server) rateHeaders(x *exchange, r rate) {
	if s.options.WithoutRateLimit {
		return
	}
	x.header.Set("X-RateLimit-Limit", strconv.Itoa(r.limit))
	x.header.Set("X-RateLimit-Remaining", strconv.Itoa(r.remaining))
	x.header.Set("X-RateLimit-Used", strconv.Itoa(r.limit-r.remaining))
	x.header.Set("X-RateLimit-Reset", strconv.FormatInt(r.reset.Unix(), 10))
	x.header.Set("X-RateLimit-Resource", x.resource().String())
}

// account is whom the request counts against.
func (x *exchange) account() *account { return x.credential.account }

// problem sets GitHub's body of an error.
func (x *exchange) problem(status int, message, documentation string) {
	x.status = status
	x.enc.b = x.enc.b[:0]
	x.enc.raw(`{"message":`).str(message).raw(`,"documentation_url":`).str(documentation)
	x.enc.raw(`,"status":"`).num(int64(status)).raw(`"}`)
}

func (x *exchange) notFound() {
	x.problem(http.StatusNotFound, "Not Found", "https://docs.github.com/rest"+x.route.docs)
}

// headers sets what every answer of GitHub's carries.
func (x *exchange) headers() {
	h := x.header
	h.Set("Date", x.now.UTC().Format(http.TimeFormat))
	h.Set("Server", "github.com")
	h.Set("X-GitHub-Request-Id", x.id)
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("X-GitHub-Api-Version-Selected", "2022-11-28")
	h.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	h.Set("Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After, X-GitHub-OTP, X-RateLimit-Limit, "+
		"X-RateLimit-Remaining, X-RateLimit-Used, X-RateLimit-Resource, X-RateLimit-Reset")
	h.Set("X-Content-Type-Options", "nosniff")
	if x.token == "" {
		h.Set("Cache-Control", "public, max-age=60, s-maxage=60")
	} else {
		h.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
}

// send sends the answer. What a client does with its end of the connection is
// its own matter, so a failed write is none of the server's.
func (x *exchange) send() {
	x.headers()
	if x.status == http.StatusNotModified || x.status == http.StatusNoContent {
		x.header.Del("Content-Type")
		x.w.WriteHeader(x.status)
		return
	}
	x.header.Set("Content-Length", strconv.Itoa(len(x.enc.b)))
	x.w.WriteHeader(x.status)
	if x.req.Method != http.MethodHead {
		_, _ = x.w.Write(x.enc.b)
	}
}

// etag is the entity tag of the body for the credential: like GitHub's, it is
// another one for another token.
func (x *exchange) etag() string {
	d := xxhash.New()
	_, _ = d.WriteString(x.token) // a hash never fails to write
	_, _ = d.Write([]byte{0})
	_, _ = d.Write(x.enc.b)
	sum := d.Sum64()
	return fmt.Sprintf(`W/"%016x%016x%016x%016x"`, sum, mix(sum), mix(sum+1), mix(sum+2))
}

// unchanged tells whether the client already has the body with the tag.
func (x *exchange) unchanged(tag string) bool {
	for have := range strings.SplitSeq(x.req.Header.Get("If-None-Match"), ",") {
		have = strings.TrimSpace(have)
		if have == "*" || have != "" && strings.TrimPrefix(have, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
