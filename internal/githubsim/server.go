package githubsim

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how a Server behaves. The zero value serves everything to
// everyone, without a limit that a client would notice.
type Options struct {
	// Tokens are the credentials that are accepted. If there are any, another one
	// is answered with 401. A request without a token is anonymous, as on GitHub.
	Tokens []string
	// User is the login behind every token. Default: octocat.
	User string

	// Limit is how many requests each token may make in a Window; AnonymousLimit is
	// the same for all requests without a token (GitHub: 5000 and 60). The limits
	// are enforced. Default: 1,000,000, for those without a token as well.
	Limit, AnonymousLimit int
	// GraphQLLimit is how many points each token's queries may cost in a Window (GitHub:
	// 5000). Default: 1,000,000.
	GraphQLLimit int
	// WithoutGraphQL makes /graphql answer 404.
	WithoutGraphQL bool
	// Window is the length of the limit's window. Default: an hour. With another
	// length the waits that GitHub asks for without naming them scale as well.
	Window time.Duration
	// MaxInFlight is how many requests may be answered at once; more are refused as
	// GitHub's secondary limit refuses them. Default: any number.
	MaxInFlight int

	// LimitedLists are the collections in which pages beyond the 9,900th item are
	// only reached with an "after" cursor. Default: issues.
	LimitedLists []string
	// OmitLast leaves rel="last" out on limited lists that are longer than that.
	OmitLast bool

	// Faults go wrong on purpose; see SetFaults.
	Faults FaultPlan
	// Observe is told of every request after its answer was sent.
	Observe func(Exchange)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Exchange is one request and what became of it.
type Exchange struct {
	Endpoint   string // as in Stats.Requests
	Method     string
	URL        string // path and query, as sent
	Query      uint64 // of GraphQL: equal for equal bodies; 0: none
	Repository int64  // the number of the one that it was for; 0: none
	Status     int    // 0 if the connection was reset
	Fault      FaultKind
	Start      time.Time
	Duration   time.Duration
}

// Server is a GitHub with some repositories. It is an http.Handler that serves
// HTTP/1.1.
type Server struct {
	options Options
	faults  atomic.Pointer[faults]
	limits  *limits
	stats   *counter
	request atomic.Uint64
	hooks   atomic.Pointer[[]*Hook]
	guids   atomic.Uint64 // deliveries so far
	buffers sync.Pool

	mu     sync.RWMutex
	byName map[string]*Repository // lower-case "owner/name", earlier names included
	byID   map[int64]*Repository

	organizations map[string]*Organization // by login in lower case
}

// New is a server without repositories.
func New(options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Window == 0 {
		options.Window = time.Hour
	}
	if options.Limit == 0 {
		options.Limit = 1_000_000
	}
	if options.GraphQLLimit == 0 {
		options.GraphQLLimit = 1_000_000
	}
	if options.AnonymousLimit == 0 {
		options.AnonymousLimit = 1_000_000
	}
	if options.User == "" {
		options.User = "octocat"
	}
	if options.LimitedLists == nil {
		options.LimitedLists = []string{"issues"}
	}
	s := &Server{
		options: options,
		limits:  newLimits(),
		stats:   newCounter(),
		byName:  make(map[string]*Repository),
		byID:    make(map[int64]*Repository),

		organizations: make(map[string]*Organization),
	}
	s.buffers.New = func() any { return new(buffer) }
	s.SetFaults(options.Faults)
	return s
}

// Add serves a repository from now on, in the place of the one with the same id
// or name if there is one: a name that another had before it was renamed leads to
// this one then. From then on the server's clock is the repository's.
func (s *Server) Add(r *Repository) {
	r.mu.Lock()
	r.clock, r.hooks = s.options.Now, s.toHooks(r)
	name := strings.ToLower(r.info.fullName)
	r.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.byName[name]; old != nil && old != r && strings.EqualFold(old.FullName(), name) {
		delete(s.byID, old.info.id)
	}
	s.byName[name] = r
	s.byID[r.info.id] = r
}

// Repository is the repository with a present or an earlier name, nil if there is none.
func (s *Server) Repository(owner, name string) *Repository {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byName[strings.ToLower(owner+"/"+name)]
}

// Rename gives a repository another name, and another owner unless that is "".
// Requests that use its old name are redirected from then on.
func (s *Server) Rename(r *Repository, owner, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.rename(owner, name)
	s.byName[strings.ToLower(r.FullName())] = r
}

// Stats is what the server has counted since it was made or reset.
func (s *Server) Stats() Stats { return s.stats.snapshot() }

// ResetStats starts counting from zero. Requests in flight are not forgotten.
func (s *Server) ResetStats() { s.stats.reset() }

// ServeHTTP answers a request as GitHub would, or as the fault plan wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	x := s.open(w, req)
	defer s.close(x)
	if !s.admit(x) {
		return
	}
	fault, hit := s.strike(x)
	if hit && s.carryOut(x, fault) {
		return
	}
	s.answer(x)
	if hit && fault.cuts() {
		x.cut(fault)
		return
	}
	x.send()
}

// open starts the exchange and counts it.
func (s *Server) open(w http.ResponseWriter, req *http.Request) *exchange {
	x := &exchange{w: w, req: req, now: s.options.Now(), header: w.Header(), buffer: s.buffers.Get().(*buffer)}
	x.enc = encoder{b: x.buffer.b[:0], scratch: x.buffer.scratch[:0]}
	x.route, x.path, x.args = match(req)
	x.token = bearer(req)
	x.id = requestID(s.request.Add(1), x.now)
	x.inFlight = s.stats.enter(x.route.name)
	if s.limits.refused(x.account(), x.now) && x.route.name != "rate_limit" {
		s.stats.offend()
	}
	return x
}

func (s *Server) close(x *exchange) {
	s.stats.leave(x.status)
	x.buffer.b, x.buffer.scratch = x.enc.b, x.enc.scratch
	s.buffers.Put(x.buffer)
	if s.options.Observe != nil {
		var repository int64
		if r := s.lookup(x.path); r != nil {
			repository = r.info.id
		}
		s.options.Observe(Exchange{
			Repository: repository, Query: x.query,
			Endpoint: x.route.name, Method: x.req.Method, URL: x.req.URL.RequestURI(), Status: x.status,
			Fault: x.fault, Start: x.now, Duration: s.options.Now().Sub(x.now),
		})
	}
}

// admit checks the credential and the limits; false if the request was refused.
func (s *Server) admit(x *exchange) bool {
	if x.token != "" && len(s.options.Tokens) > 0 && !slices.Contains(s.options.Tokens, x.token) {
		s.rateHeaders(x, rate{limit: 60, remaining: 60, reset: x.now.Add(s.options.Window)})
		x.problem(http.StatusUnauthorized, "Bad credentials", "https://docs.github.com/rest")
		x.send()
		return false
	}
	free := x.route.name == "rate_limit"
	// What a query costs is known when it is read.
	rate, ok := s.limits.take(x.account(), s.limitFor(x), s.options.Window, x.now, free || x.route == graphqlRoute)
	x.rate = rate
	s.rateHeaders(x, rate)
	if !ok {
		x.primaryLimit(http.StatusForbidden)
		s.refuse(x, rate.reset)
		return false
	}
	wait := s.limits.held(x.token, x.now)
	if wait <= 0 && s.options.MaxInFlight > 0 && x.inFlight > s.options.MaxInFlight {
		wait = s.pause()
	}
	if wait > 0 && !free {
		x.secondaryLimit(http.StatusForbidden)
		x.header.Set("Retry-After", seconds(wait))
		s.refuse(x, x.now.Add(wait))
		return false
	}
	return true
}

// refuse sends a refusal; requests of the same credential until then are offences.
func (s *Server) refuse(x *exchange, until time.Time) {
	x.send()
	s.limits.refuse(x.account(), until)
}

// pause is how long GitHub wants a client to wait when it does not say: a minute.
func (s *Server) pause() time.Duration {
	return max(s.options.Window/60, time.Second)
}

func (s *Server) limitFor(x *exchange) int {
	switch {
	case x.route == graphqlRoute:
		return s.options.GraphQLLimit
	case x.token == "":
		return s.options.AnonymousLimit
	default:
		return s.options.Limit
	}
}
