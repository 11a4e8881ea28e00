package githubsim

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Exchange is one request and what became of it.
type Exchange struct {
	Endpoint   string // as in Stats.Requests
	Method     string
	URL        string // path and query, as sent
	Query      uint64 // of GraphQL: equal for equal bodies; 0: none
	Repository int64  // the number of the one that it was for; 0: none
	Status     int    // 0 if the connection was reset
	Fault      FaultKind
	Account    string // as in Offence; empty if nobody has the token
	Client     string // as in Offence
	Refused    Limit  // empty: it was not
	Start      time.Time
	Duration   time.Duration
}

// Server is a GitHub with some repositories. It is an http.Handler that serves
// HTTP/1.1.
type Server struct {
	options     Options
	faults      atomic.Pointer[faults]
	credentials *credentials
	stats       *counter
	request     atomic.Uint64
	refusals    atomic.Int64 // so far
	waits       atomic.Int64 // that were told so far
	hooks       atomic.Pointer[[]*Hook]
	guids       atomic.Uint64 // deliveries so far
	buffers     sync.Pool

	mu     sync.RWMutex
	byName map[string]*Repository // lower-case "owner/name", earlier names included
	byID   map[int64]*Repository

	organizations map[string]*Organization // by login in lower case
}

// New is a server without repositories.
func New(options Options) *Server {
	s := &Server{
		options: options.withDefaults(),
		stats:   newCounter(),
		byName:  make(map[string]*Repository),
		byID:    make(map[int64]*Repository),

		organizations: make(map[string]*Organization),
	}
	s.credentials = newCredentials(&s.options, s.sizeOf)
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
	if !s.identify(x) || !s.admit(x) {
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
	s.stats.enter(x.route.name)
	return x
}

func (s *Server) close(x *exchange) {
	s.stats.leave(x.status)
	if x.entered {
		x.account().leave()
	}
	x.buffer.b, x.buffer.scratch = x.enc.b, x.enc.scratch
	s.buffers.Put(x.buffer)
	if s.options.Observe != nil {
		s.options.Observe(s.observed(x))
	}
}

// observed is what Options.Observe is told of a request.
func (s *Server) observed(x *exchange) Exchange {
	seen := Exchange{
		Endpoint: x.route.name, Method: x.req.Method, URL: x.req.URL.RequestURI(), Query: x.query, Status: x.status,
		Fault: x.fault, Client: client(x.req), Refused: x.refused, Start: x.now, Duration: s.options.Now().Sub(x.now),
	}
	if r := s.lookup(x.path); r != nil {
		seen.Repository = r.info.id
	}
	if x.credential != nil {
		seen.Account = x.account().name
	}
	return seen
}

// admit checks the limits; false if the request was refused.
func (s *Server) admit(x *exchange) bool {
	v := x.account().enter(x.cost(), &s.options, x.now)
	x.entered, x.rate = true, v.rate
	if v.offence != nil {
		v.offence.Client, v.offence.Endpoint = client(x.req), x.route.name
		s.stats.offend(*v.offence)
	}
	s.rateHeaders(x, v.rate)
	switch v.limit {
	case "":
		return true
	case LimitPrimary:
		s.refusePrimary(x)
	default:
		s.refuseSecondary(x, v)
	}
	return false
}
