package api_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

const (
	workspace = "0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e"
	stranger  = "0190a6c8-7e3b-7c3a-9d10-ffffffffffff" // another workspace
	missingID = "0190a6c8-0000-7000-8000-00000000ffff" // no operation has it
)

// start is when every test begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// store keeps operations in memory, in the place of Postgres.
type store struct {
	mu      sync.Mutex
	ops     []operation.Operation // oldest first
	events  map[string][]operation.Event
	feed    []operation.Event // of all operations, in the order in which they were committed
	dropped int64             // so many of feed are not kept
	keys    map[string]operation.New
	repos   []operation.Repository
	err     error // what everything fails with, if set
	changes []operation.Change
	purges  []operation.Purge
	apiKeys []operation.APIKey
	hashes  map[string]string // of keys, to their ids
	audit   []operation.AuditEvent
	people  people
}

func newStore() *store {
	return &store{events: map[string][]operation.Event{}, keys: map[string]operation.New{}, hashes: map[string]string{}, apiKeys: someKeys(), people: somePeople()}
}

// find is the place of an operation. The lock is held.
func (s *store) find(workspaceID, id string) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	i := slices.IndexFunc(s.ops, func(o operation.Operation) bool { return o.ID == id && o.WorkspaceID == workspaceID })
	if i < 0 {
		return 0, operation.NotFound("There is no such operation.")
	}
	return i, nil
}

func (s *store) CreateOperation(_ context.Context, n operation.New) (operation.Operation, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return operation.Operation{}, false, s.err
	}
	key := n.WorkspaceID + "/" + n.IdempotencyKey
	if first, ok := s.keys[key]; ok && n.IdempotencyKey != "" {
		if !bytes.Equal(first.RequestHash, n.RequestHash) {
			return operation.Operation{}, false, &operation.Error{
				Code: operation.CodeIdempotencyMismatch, Message: "This Idempotency-Key was used with another request.",
			}
		}
		i, err := s.find(n.WorkspaceID, first.ID)
		if err != nil {
			return operation.Operation{}, false, err
		}
		return s.ops[i], false, nil
	}
	s.keys[key] = n
	op := operation.Operation{
		ID: n.ID, WorkspaceID: n.WorkspaceID, Kind: n.Kind, Source: n.Source, Subject: n.Subject, Input: n.Input, RetryOf: n.RetryOf,
		State: operation.StatePending, CreatedAt: start.Add(time.Duration(len(s.ops)) * time.Second),
	}
	s.ops = append(s.ops, op)
	return op, true, nil
}

func (s *store) Operation(_ context.Context, workspaceID, id string) (operation.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(workspaceID, id)
	if err != nil {
		return operation.Operation{}, err
	}
	op := s.ops[i]
	op.Collections = slices.Clone(op.Collections)
	return op, nil
}

func (s *store) Operations(_ context.Context, workspaceID string, f operation.Filter) ([]operation.Operation, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, "", s.err
	}
	var all []operation.Operation
	for _, op := range slices.Backward(s.ops) {
		if op.WorkspaceID == workspaceID && f.Visible.MatchSubject(op.Subject) && (len(f.States) == 0 || slices.Contains(f.States, op.State)) && (f.Kind == "" || op.Kind == f.Kind) {
			all = append(all, op)
		}
	}
	from, to, next, err := cut(f.Cursor, f.Limit, len(all))
	if err != nil {
		return nil, "", err
	}
	return all[from:to], next, nil
}

// cut is one page of so many things; its cursor is the place where it begins.
func cut(cursor string, limit, n int) (from, to int, next string, err error) {
	if cursor != "" {
		if from, err = strconv.Atoi(cursor); err != nil {
			return 0, 0, "", &operation.Error{Code: operation.CodeInvalid, Message: "The cursor is not one of this list.", Err: err}
		}
	}
	to = min(from+limit, n)
	if to < n {
		next = strconv.Itoa(to)
	}
	return from, to, next, nil
}

// steer moves an operation as it was asked to, unless it is there already.
func (s *store) steer(workspaceID, id string, to, from operation.State) (operation.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(workspaceID, id)
	if err != nil {
		return operation.Operation{}, err
	}
	switch state := s.ops[i].State; {
	case state == to:
	case from == "" && state.CanBecome(to), state == from:
		s.transit(i, to)
	default:
		return operation.Operation{}, operation.Conflict("The operation " + state.Phrase() + ".")
	}
	return s.ops[i], nil
}

func (s *store) RequestPause(_ context.Context, workspaceID, id string) (operation.Operation, error) {
	return s.steer(workspaceID, id, operation.StatePaused, "")
}

func (s *store) RequestResume(_ context.Context, workspaceID, id string) (operation.Operation, error) {
	return s.steer(workspaceID, id, operation.StatePending, operation.StatePaused)
}

func (s *store) Approve(_ context.Context, workspaceID, id string) (operation.Operation, error) {
	return s.steer(workspaceID, id, operation.StateRunning, operation.StateAwaitingApproval)
}

func (s *store) Reject(_ context.Context, workspaceID, id string, failure operation.Failure) (operation.Operation, error) {
	op, err := s.steer(workspaceID, id, operation.StateRejected, operation.StateAwaitingApproval)
	op.Failure = &failure
	return op, err
}

// answers keeps answers in memory.
type answers struct {
	mu   sync.Mutex
	kept map[string]*keptAnswer
}

type keptAnswer struct {
	hash   []byte
	lease  string
	answer *operation.Answer
}

func (a *answers) BeginAnswer(_ context.Context, k operation.AnswerKey, lease string, _ time.Duration) (*operation.Answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := k.WorkspaceID + k.Subject + k.Key
	switch known := a.kept[name]; {
	case known == nil:
		a.kept[name] = &keptAnswer{hash: k.Hash, lease: lease}
		return nil, nil
	case !bytes.Equal(known.hash, k.Hash):
		return nil, operation.KeyMismatch()
	case known.answer == nil:
		return nil, operation.Conflict("It is being carried out.")
	default:
		return known.answer, nil
	}
}

func (a *answers) KeepAnswer(_ context.Context, k operation.AnswerKey, lease string, answer operation.Answer) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.kept[k.WorkspaceID+k.Subject+k.Key]; known.lease == lease {
		known.answer = &answer
	}
	return nil
}

func (a *answers) DropAnswer(_ context.Context, k operation.AnswerKey, _ string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.kept, k.WorkspaceID+k.Subject+k.Key)
	return nil
}

func (s *store) RequestCancel(_ context.Context, workspaceID, id string) (operation.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(workspaceID, id)
	if err != nil {
		return operation.Operation{}, err
	}
	switch {
	case s.ops[i].State == operation.StateCancelled:
	case s.ops[i].State.Terminal():
		return operation.Operation{}, operation.Conflict("The operation has already ended.")
	case s.ops[i].State != operation.StateCancelling:
		s.transit(i, operation.StateCancelling)
	}
	return s.ops[i], nil
}

func (s *store) Events(_ context.Context, workspaceID, id string, after int64, limit int) ([]operation.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(workspaceID, id); err != nil {
		return nil, err
	}
	events := s.events[id]
	from := min(int(after), len(events))
	return slices.Clone(events[from:min(from+limit, len(events))]), nil
}

func (s *store) Repositories(_ context.Context, _ string, f operation.RepositoryFilter) ([]operation.Repository, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, "", s.err
	}
	var all []operation.Repository
	for _, r := range s.repos {
		if f.Visible.MatchSubject(r.FullName) && (f.FullName == "" || strings.EqualFold(r.FullName, f.FullName)) {
			all = append(all, r)
		}
	}
	from, to, next, err := cut(f.Cursor, f.Limit, len(all))
	if err != nil {
		return nil, "", err
	}
	return all[from:to], next, nil
}

func (s *store) RepositoryName(_ context.Context, workspaceID string, id int64) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.repos, func(r operation.Repository) bool { return r.ID == id })
	if s.err != nil || workspaceID != workspace || i < 0 {
		return "", s.err
	}
	return s.repos[i].FullName, nil
}

// transit changes an operation's state and appends the event. The lock is held.
func (s *store) transit(i int, state operation.State) operation.Event {
	op := &s.ops[i]
	op.State = state
	op.Seq++
	if state == operation.StateFailed || state == operation.StateRejected {
		op.Failure = &operation.Failure{Code: "repository_not_found", Message: "GitHub does not know this repository."}
	}
	told := *op
	told.Collections = nil
	return s.append(operation.Event{OperationID: op.ID, Seq: op.Seq, Type: operation.EventState, Operation: &told})
}

// append keeps an event. The lock is held.
func (s *store) append(e operation.Event) operation.Event {
	e.WorkspaceID, e.At = workspace, start.Add(time.Duration(e.Seq)*time.Second)
	s.feed = append(s.feed, e)
	s.events[e.OperationID] = append(s.events[e.OperationID], e)
	return e
}

// state commits a change of state, as a worker does.
func (s *store) state(id string, state operation.State) operation.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(workspace, id)
	if err != nil {
		panic(err)
	}
	return s.transit(i, state)
}

// items commits a page of a collection, as a worker does.
func (s *store) items(id, name string, n int64) operation.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(workspace, id)
	if err != nil {
		panic(err)
	}
	op := &s.ops[i]
	work := operation.CollectionWork{Name: name, State: operation.CollectionRunning, Items: n}
	op.Collections = append(slices.DeleteFunc(slices.Clone(op.Collections), func(c operation.CollectionWork) bool { return c.Name == name }), work)
	op.Seq++
	return s.append(operation.Event{OperationID: op.ID, Seq: op.Seq, Type: operation.EventCollection, Collection: &work})
}

// setErr makes everything fail with err.
func (s *store) setErr(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// starter notes what it was told, in the place of Temporal.
type starter struct {
	mu                 sync.Mutex
	started, cancelled []string
	told               []string
	err                error
}

func (s *starter) Start(_ context.Context, op operation.Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = append(s.started, op.ID)
	return s.err
}

func (s *starter) Cancel(_ context.Context, op operation.Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelled = append(s.cancelled, op.ID)
	return s.err
}

func (s *starter) Tell(_ context.Context, op operation.Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, op.ID)
	return s.err
}

// health is what the services behind the API say.
type health map[string]error

func (h health) Check(context.Context) map[string]error { return h }

// bundle is an API that serves on loopback, and what is behind it.
type bundle struct {
	store     *store
	starter   *starter
	connected *connected
	schedules *schedules
	health    health
	hub       *progress.Hub
	publisher *progress.Publisher
	api       *api.API
	server    *httptest.Server
	log       *safeBuffer

	mu  sync.Mutex
	now time.Time
}

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))

// setup serves an API; change may change its options first.
func setup(t *testing.T, change ...func(*api.Options)) *bundle {
	t.Helper()
	b := &bundle{store: newStore(), starter: &starter{}, health: health{"postgres": nil, "temporal": nil}, log: &safeBuffer{}, now: start}
	b.connected, b.schedules = newConnected(b.store), newSchedules(b.store)
	log := slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	b.publisher = progress.NewPublisher(client, progress.DefaultStream, log)
	b.hub = progress.NewHub(progress.HubOptions{Redis: client, Source: b.store, Feeds: b.store, Logger: log, Poll: 50 * time.Millisecond, IdlePoll: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan struct{})
	go func() { defer close(running); b.hub.Run(ctx) }()
	verifier, err := auth.NewVerifier(b.clock, auth.PublicKey(key))
	require.NoError(t, err)
	o := api.Options{
		Operations: b.store, Schedules: b.schedules, Repositories: b.store, Statuses: b.store, Changes: b.store, Keys: b.store, Members: b.store, Sessions: b.store, Workspaces: b.store, Issuer: auth.NewIssuer(key, b.clock), SignIn: gitHub{person: operation.Person{GitHubID: 7, Login: "grace"}}, Audit: b.store, Answers: &answers{kept: map[string]*keptAnswer{}}, Starter: b.starter, Health: b.health, Streams: b.hub, Waker: b.publisher, Tickets: progress.NewTickets(client),
		Webhooks: newReceiver(b.store, log), Verifier: verifier, Logger: log, Collections: []string{"labels", "issues", "pulls"},
		Connections: b.connected, ConnectionChecker: b.connected, ConnectionRules: rules(), Budgets: b.connected,
		OrganizationCollections: []string{"teams"}, Presets: []string{"core", "all"}, Now: b.clock,
	}
	for _, f := range change {
		f(&o)
	}
	b.api, err = api.New(o)
	require.NoError(t, err)
	b.server = httptest.NewUnstartedServer(b.api)
	b.server.Config = b.api.Server("")
	b.server.Start()
	t.Cleanup(func() {
		require.NoError(t, b.api.Shutdown(context.Background()))
		b.server.Close()
		cancel()
		<-running
		require.NoError(t, client.Close())
	})
	return b
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

// advance moves the clock that tokens are judged by.
func (b *bundle) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// token is a valid token of that role, for an hour.
func (b *bundle) token(t *testing.T, role auth.Role) string {
	t.Helper()
	return b.grant(t, auth.Grant{Subject: "tester", WorkspaceID: workspace, Role: role, TTL: time.Hour})
}

func (b *bundle) grant(t *testing.T, g auth.Grant) string {
	t.Helper()
	token, err := auth.NewIssuer(key, b.clock).Issue(g)
	require.NoError(t, err)
	return token
}

// operation makes an operation that a client asked for.
func (b *bundle) operation(t *testing.T) operation.Operation {
	t.Helper()
	op, _, err := b.store.CreateOperation(t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository, Subject: "octo/mirror",
		Input: json.RawMessage(`{"repository":"octo/mirror"}`),
	})
	require.NoError(t, err)
	return op
}

// answer is an answer with its body read.
type answer struct {
	*http.Response
	body string
}

// problem reads a refusal, and holds that it is a problem document.
func (a answer) problem(t *testing.T) api.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"), a.body)
	var p api.Problem
	require.NoError(t, json.Unmarshal([]byte(a.body), &p), a.body)
	require.Equal(t, a.StatusCode, p.Status)
	require.Equal(t, http.StatusText(p.Status), p.Title)
	require.Equal(t, "/problems/"+p.Code, p.Type, "add the code to problemKinds in api/problem_kind.go and to docs/problems.md")
	require.True(t, slices.ContainsFunc(api.ProblemKinds(), func(k api.ProblemKind) bool {
		return k.Code == p.Code && slices.Contains(k.Statuses, p.Status)
	}), "add the status %d to %s in problemKinds in api/problem_kind.go and to docs/problems.md", p.Status, p.Code)
	require.NotEmpty(t, p.Detail)
	require.NotEmpty(t, p.RequestID)
	require.Equal(t, a.Header.Get("X-Request-Id"), p.RequestID)
	return p
}

// do sends a request; header is "Name: value" each, and repeats a name that is there
// twice. Every answer must be one that the OpenAPI document describes.
func (b *bundle) do(t *testing.T, method, path, token string, body io.Reader, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, body)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	own := http.Header{}
	for _, h := range header {
		name, value, ok := strings.Cut(h, ": ")
		require.True(t, ok, h)
		own.Add(name, value)
	}
	maps.Copy(req.Header, own)
	resp, err := b.server.Client().Transport.RoundTrip(req) // redirects are answers like others
	require.NoError(t, err)
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	got := answer{Response: resp, body: string(read)}
	b.requireConform(t, req, got)
	return got
}

// decode reads a JSON answer.
func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

// safeBuffer is a bytes.Buffer for a log that is written while it is read.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.buf.Write(p)
	if err != nil {
		return n, fmt.Errorf("write the log: %w", err)
	}
	return n, nil
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}
