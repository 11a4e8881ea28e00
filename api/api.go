// Package api is Holdfast's HTTP interface: it starts, lists, cancels and streams
// operations, and lists what is mirrored.
//
// router.go shows every route; there is one file per resource. A handler parses,
// calls one of the interfaces below, and writes; what they fail with carries a
// code of package operation, which problem.go turns into one status and one
// problem document. The package knows neither Postgres nor Temporal.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
)

// OperationStore keeps operations and their events.
type OperationStore interface {
	// CreateOperation writes a new operation, or finds the one that the same
	// workspace made with the same idempotency key; created tells which.
	// CodeIdempotencyMismatch when that one came from another request.
	CreateOperation(ctx context.Context, n operation.New) (op operation.Operation, created bool, err error)
	// Operation is one operation. CodeNotFound.
	Operation(ctx context.Context, workspaceID, id string) (operation.Operation, error)
	// Operations lists a page, newest first, and the cursor of the next page, empty
	// after the last. CodeInvalid for a cursor that it did not make.
	Operations(ctx context.Context, workspaceID string, f operation.Filter) (ops []operation.Operation, next string, err error)
	// RequestCancel notes that an operation shall stop, or finds that it was asked to
	// or did. CodeNotFound; CodeConflict when it has ended in another way.
	RequestCancel(ctx context.Context, workspaceID, id string) (operation.Operation, error)
	// RequestPause notes that an operation shall wait, RequestResume that it shall go on,
	// Approve that it may begin, and Reject that it shall not, for that reason; or they
	// find that it does. CodeNotFound; CodeConflict when its state does not allow it.
	RequestPause(ctx context.Context, workspaceID, id string) (operation.Operation, error)
	RequestResume(ctx context.Context, workspaceID, id string) (operation.Operation, error)
	Approve(ctx context.Context, workspaceID, id string) (operation.Operation, error)
	Reject(ctx context.Context, workspaceID, id string, failure operation.Failure) (operation.Operation, error)
	// Events lists at most limit events after that seq, ascending.
	Events(ctx context.Context, workspaceID, id string, after int64, limit int) ([]operation.Event, error)
}

// AnswerStore keeps the answers to requests with an Idempotency-Key, for a day.
type AnswerStore interface {
	// BeginAnswer begins to answer a request under a lease, unless the same one was
	// answered before: then kept is that answer. CodeIdempotencyMismatch when the key came
	// with another request; CodeConflict while the same one is being answered.
	BeginAnswer(ctx context.Context, k operation.AnswerKey, lease string, leaseTime time.Duration) (kept *operation.Answer, err error)
	// KeepAnswer keeps an answer, and DropAnswer frees its key, unless another lease was begun.
	KeepAnswer(ctx context.Context, k operation.AnswerKey, lease string, answer operation.Answer) error
	DropAnswer(ctx context.Context, k operation.AnswerKey, lease string) error
}

// RepositoryStore keeps what is mirrored.
type RepositoryStore interface {
	// Repositories lists a page, by id, and the cursor of the next page, empty
	// after the last. CodeInvalid for a cursor that it did not make.
	Repositories(ctx context.Context, workspaceID string, f operation.RepositoryFilter) ([]operation.Repository, string, error)
	// RepositoryName is the owner/name that a repository has now; empty: it is not mirrored.
	RepositoryName(ctx context.Context, workspaceID string, id int64) (string, error)
}

// StatusStore knows how far the mirror can be trusted.
type StatusStore interface {
	// RepositoryStatus is the status of the mirrored repository of that name.
	// CodeNotFound when none is mirrored.
	RepositoryStatus(ctx context.Context, workspaceID, fullName string) (operation.RepositoryStatus, error)
	// Drift sums up the last full checks, with a page of the repositories to look at.
	// CodeInvalid for a cursor that it did not make.
	Drift(ctx context.Context, workspaceID, cursor string, limit int) (operation.DriftReport, error)
}

// ChangeStore keeps what was observed to change, and forgets what must be forgotten.
type ChangeStore interface {
	// Changes lists a page in the order of numbers, and the cursor to go on from, which
	// is never empty. CodeInvalid for a cursor that it did not make; CodeGone for one
	// whose changes are not all kept any more; CodeNotFound for another repository.
	Changes(ctx context.Context, workspaceID string, f operation.ChangeFilter) ([]operation.Change, string, error)
	// ItemHistory lists a page of an item's changes, newest first, and the cursor of the
	// next page, empty after the last. CodeNotFound; CodeInvalid for another cursor.
	ItemHistory(ctx context.Context, workspaceID string, ref operation.ItemRef, cursor string, limit int) (operation.ItemHistory, string, error)
	// ItemAt is the item as it was. CodeNotFound; CodeGone when that is not kept any more.
	ItemAt(ctx context.Context, workspaceID string, ref operation.ItemRef, at time.Time) (operation.ItemState, error)
	// Purge erases an item or a field of it for good. CodeNotFound; CodeInvalid.
	Purge(ctx context.Context, workspaceID string, p operation.Purge) ([]operation.Purged, error)
}

// Starter makes operations run and stop.
type Starter interface {
	// Start starts the operation's workflow; starting it again changes nothing.
	// CodeUnavailable when that cannot be done now: a sweeper will do it.
	Start(ctx context.Context, op operation.Operation) error
	// Cancel tells the operation's workflow that it was asked to stop.
	Cancel(ctx context.Context, op operation.Operation) error
	// Tell tells the operation's workflow that the operation's row has changed.
	Tell(ctx context.Context, op operation.Operation) error
}

// Health tells whether the services behind the API can be reached.
type Health interface {
	// Check asks each service and returns what it failed with, nil for a healthy
	// one, by the service's name.
	Check(ctx context.Context) map[string]error
}

// Waker tells the streams of all processes that an operation changed;
// *progress.Publisher does.
type Waker interface {
	Wake(ctx context.Context, workspaceID, operationID string)
}

// Options says what an API works with. Everything is required unless it says otherwise.
type Options struct {
	Operations   OperationStore
	Schedules    Schedules
	Repositories RepositoryStore
	Statuses     StatusStore
	Changes      ChangeStore
	Connections  ConnectionStore
	Keys         KeyStore
	Members      MemberStore
	Sessions     SessionStore
	Workspaces   WorkspaceStore
	Audit        AuditStore
	Answers      AnswerStore
	Budgets      Budgets
	Starter      Starter
	Health       Health
	Streams      Streams
	Waker        Waker
	Tickets      Tickets
	Verifier     *auth.Verifier
	// Issuer signs the tokens of sessions; nil: nobody signs in.
	Issuer *auth.Issuer
	// SignIn finds out who somebody is; nil: nobody signs in with GitHub.
	SignIn SignIn
	// Issuers verifies tokens of other issuers; nil: none are accepted.
	Issuers Issuers
	Logger  *slog.Logger
	// ConnectionChecker and ConnectionRules say whether a connection is fit for use.
	ConnectionChecker ConnectionChecker
	ConnectionRules   ConnectionRules
	// Throttle bounds how many requests one key or token may make; nil: nobody does.
	Throttle Throttle
	// EntranceThrottle bounds how often one address may sign in or refresh; nil: nobody does.
	EntranceThrottle Throttle
	// Webhooks takes GitHub's deliveries; nil: nobody does.
	Webhooks Webhooks
	// Codec makes what Temporal keeps readable; nil: nobody reads it here.
	Codec Codec
	// InstallationWorkspace is the workspace whose admins may ask the codec; empty: nobody may.
	InstallationWorkspace string
	// TemporalUIOrigin is the one origin of whose pages the codec may be asked; empty: of none.
	TemporalUIOrigin string
	// Origins are those of whose pages everything but the codec may be asked; empty: of none.
	Origins []string
	// Collections are the collections of a repository that a sync may be asked for, in
	// the plan's order; OrganizationCollections those of an organization itself.
	Collections, OrganizationCollections []string
	// Presets are the names that stand for several collections.
	Presets []string
	// TracerProvider makes a span of each request; nil: none is made.
	TracerProvider trace.TracerProvider
	// MeterProvider measures requests; nil: nobody does.
	MeterProvider metric.MeterProvider
	// Propagator reads the trace that a request comes with; W3C trace context if nil.
	Propagator propagation.TextMapPropagator
	// Version is the product's, for the OpenAPI document; "dev" if empty.
	Version string
	// NewID makes the ids of operations, connections and requests; UUIDv7 if nil.
	NewID func() string
	// Now is the clock that token expiry is measured on; time.Now if nil.
	Now func() time.Time
	// RequestTimeout bounds every request but streams; 30 s if 0.
	RequestTimeout time.Duration
	// Heartbeat is how often a stream pings its listener; 20 s if 0.
	Heartbeat time.Duration
	// StreamWriteTimeout is how long a listener may leave one message or ping
	// unread; 10 s if 0.
	StreamWriteTimeout time.Duration
	// StreamOrigins are the origins whose pages may open streams of many topics; none: no
	// page may, and who is no page sends no Origin.
	StreamOrigins []string
	// MaxStreams is how many streams may be open at once; 10,000 if 0.
	MaxStreams int
	// MaxStreamsOfOne is how many of them may be of one token subject in one
	// workspace; 100 if 0.
	MaxStreamsOfOne int
}

// API serves HTTP. Make it with New and end it with Shutdown.
type API struct {
	opts     Options
	log      *slog.Logger
	routes   chi.Router
	document document
	messages asset                            // the document at /asyncapi.json
	assets   func() (map[string]asset, error) // of /docs; prepared when they are first asked for
	refusals minutely                         // that are recorded

	ending  context.Context // ends all streams, which outlive the requests that open them
	end     context.CancelCauseFunc
	streams *admission
	intake  *intake // of webhook deliveries
}

// New makes an API.
func New(o Options) (*API, error) {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Codec == nil {
		o.Codec = noCodec{}
	}
	if o.Webhooks == nil {
		o.Webhooks = &delivery.Receiver{}
	}
	if o.NewID == nil {
		o.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	orElse(&o.RequestTimeout, 30*time.Second)
	orElse(&o.Heartbeat, 20*time.Second)
	orElse(&o.StreamWriteTimeout, 10*time.Second)
	orElse(&o.MaxStreams, 10_000)
	orElse(&o.MaxStreamsOfOne, 100)
	a := &API{opts: o, log: o.Logger, intake: newIntake()}
	a.streams = &admission{most: o.MaxStreams, mostOne: o.MaxStreamsOfOne, of: map[listenerKey]int{}}
	a.ending, a.end = context.WithCancelCause(context.Background())
	router, openAPI := a.router()
	var err error
	if a.document, err = newDocument(openAPI); err != nil {
		return nil, err
	}
	if a.messages, err = newAsyncAPI(o.Version); err != nil {
		return nil, err
	}
	if err := a.measureStreams(); err != nil {
		return nil, err
	}
	a.routes = router
	a.assets = sync.OnceValues(docsAssets)
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.routes.ServeHTTP(w, r) }

// Routes is every route, for those who want to list them.
func (a *API) Routes() chi.Routes { return a.routes }

// Server is an HTTP server of the API at addr, with the timeouts and bounds that
// a server which faces strangers needs.
func (a *API) Server(addr string) *http.Server {
	return &http.Server{
		Addr: addr, Handler: a,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      a.opts.RequestTimeout + 10*time.Second, // streams are freed of it when they are hijacked
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return context.Background() },
	}
}

// Shutdown ends all streams with "going away" and waits for them, at most until
// ctx ends. An http.Server's Shutdown does not know of them: call both.
func (a *API) Shutdown(ctx context.Context) error {
	a.streams.close()
	a.end(errShutdown)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.streams.wait.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.New("streams are still open")
	}
}
