package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/localservice"
)

// loadItems is how large the repository is whose operation is read.
const loadItems = 1000

// LoadOptions say how the API is asked.
type LoadOptions struct {
	Clients int           // at once, each with a connection of its own
	Rounds  int           // of each contender, taking turns
	For     time.Duration // that a round lasts
}

func (o LoadOptions) validate() error {
	switch {
	case o.Clients < 1 || o.Clients > 1000:
		return errors.New("there must be 1 to 1000 clients")
	case o.Rounds < 1 || o.Rounds > 100:
		return errors.New("there must be 1 to 100 rounds")
	case o.For < 100*time.Millisecond || o.For > 10*time.Minute:
		return errors.New("a round must last 100 ms to 10 m")
	}
	return nil
}

// LoadReport is how many requests a second the API answers beside the plain limit.
type LoadReport struct {
	Host    Host    `json:"host"`
	Clients int     `json:"clients"`
	Rounds  int     `json:"rounds"`
	Seconds float64 `json:"seconds"` // of a round
	Reads   Load    `json:"reads"`
	Starts  Load    `json:"starts"`
}

// Load is one kind of request, of both contenders.
type Load struct {
	Holdfast Rate `json:"holdfast"`
	Plain    Rate `json:"plain"`
}

// Rate is what the rounds of one contender came to.
type Rate struct {
	PerSecond []float64     `json:"per_second"` // by round
	Median    time.Duration `json:"median"`     // of all requests
	P99       time.Duration `json:"p99"`
}

func (r Rate) rate() float64 { return spreadOf(r.PerSecond).Median }

// ratio is how much of the plain limit is reached.
func (l Load) ratio() float64 { return l.Holdfast.rate() / l.Plain.rate() }

// MeasureLoad asks a running API for an operation, and to start syncs, as fast as it
// answers, and in turns the same of what is as plain as can be: a chi handler with the same
// transaction, and Temporal's SDK without an API. No worker runs meanwhile.
func MeasureLoad(ctx context.Context, o Options, load LoadOptions) (_ LoadReport, err error) {
	if err := load.validate(); err != nil {
		return LoadReport{}, err
	}
	s, err := startServices(ctx, o, loadItems)
	if err != nil {
		return LoadReport{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	report := LoadReport{Clients: load.Clients, Rounds: load.Rounds, Seconds: load.For.Seconds()}
	if report.Host, err = s.describe(ctx); err != nil {
		return LoadReport{}, err
	}
	h := &holdfastContender{services: s, name: "load", settings: unscheduled}
	err = s.withStarted(ctx, h.name, h, func(address string) error { return s.load(ctx, h, address, load, &report) })
	if err != nil {
		return LoadReport{}, err
	}
	report.Host.LoadAfter, err = loadAverage()
	return report, err
}

// load makes the operation that is read, and measures.
func (s *services) load(ctx context.Context, h *holdfastContender, address string, load LoadOptions, report *LoadReport) (err error) {
	source, err := s.prepare(ctx, 0)
	if err != nil {
		return err
	}
	op, err := h.sync(ctx, client.SyncRequest{Repository: source.Repository})
	if err != nil {
		return err
	}
	if err := h.stopWorker(ctx); err != nil {
		return err
	}
	token, err := h.product.Token(ctx, "operator")
	if err != nil {
		return err
	}
	plain, process, err := s.startPlain(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.Kill()) }()
	temporal, err := temporalclient.DialContext(ctx, temporalclient.Options{HostPort: s.address, Namespace: namespace, Logger: quiet()})
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}
	defer temporal.Close()
	loader := newLoader(load)
	defer loader.http.CloseIdleConnections()
	if report.Reads, err = loader.takeTurns(ctx,
		loader.get(h.api.URL+"/v1/operations/"+op.ID, token), loader.get(plain+"/operations/"+op.ID, "")); err != nil {
		return err
	}
	report.Starts, err = loader.takeTurns(ctx, loader.startSyncs(h.api.URL, token), startPlainly(temporal))
	return err
}

// startPlain starts the handler that the reads are compared with.
func (s *services) startPlain(ctx context.Context, address string) (url string, _ *localservice.Process, err error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", nil, err
	}
	process, err := s.startPart("plain", "--database", address, "--port", ports[0])
	if err != nil {
		return "", nil, err
	}
	url = "http://127.0.0.1:" + ports[0]
	if err := await(ctx, process, func() error {
		_, err := fetch(ctx, s.simulator.http, http.MethodGet, url+"/healthz")
		return err
	}); err != nil {
		return "", nil, errors.Join(fmt.Errorf("wait for the plain handler: %w", err), process.Kill())
	}
	return url, process, nil
}

// request is one request to its end.
type request func(ctx context.Context) error

// loader sends requests from several clients at once.
type loader struct {
	load LoadOptions
	http *http.Client
}

func newLoader(load LoadOptions) *loader {
	transport := &http.Transport{MaxIdleConnsPerHost: load.Clients, MaxConnsPerHost: load.Clients, DisableCompression: true}
	return &loader{load: load, http: &http.Client{Timeout: time.Minute, Transport: transport}}
}

// send sends a request and reads the whole answer, which must have that status.
func (l *loader) send(ctx context.Context, method, url, token, body string, status int, header map[string]string) (err error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := l.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // to its end, so that the connection is used again
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s answers %s: %s", method, url, response.Status, answer)
	}
	return err
}

func (l *loader) get(url, token string) request {
	return func(ctx context.Context) error {
		return l.send(ctx, http.MethodGet, url, token, "", http.StatusOK, nil)
	}
}

// startSyncs starts a sync of another repository each time.
func (l *loader) startSyncs(url, token string) request {
	return func(ctx context.Context) error {
		id := uuid.NewString()
		return l.send(ctx, http.MethodPost, url+"/v1/syncs", token, `{"repository":"octo/`+id+`"}`, http.StatusAccepted,
			map[string]string{"Content-Type": "application/json", "Idempotency-Key": id})
	}
}

// startPlainly starts a workflow and nothing else.
func startPlainly(temporal temporalclient.Client) request {
	return func(ctx context.Context) error {
		_, err := temporal.ExecuteWorkflow(ctx, temporalclient.StartWorkflowOptions{
			ID: uuid.NewString(), TaskQueue: "nobody", WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		}, "Nothing")
		return err
	}
}

// takeTurns measures both in rounds, one after the other.
func (l *loader) takeTurns(ctx context.Context, holdfast, plain request) (load Load, err error) {
	var spent [2][]time.Duration
	var rates [2][]float64
	for range l.load.Rounds {
		for i, do := range []request{holdfast, plain} {
			took, rate, err := l.round(ctx, do)
			if err != nil {
				return Load{}, err
			}
			spent[i], rates[i] = append(spent[i], took...), append(rates[i], rate)
		}
	}
	return Load{rateOf(spent[0], rates[0]), rateOf(spent[1], rates[1])}, nil
}

func rateOf(spent []time.Duration, perSecond []float64) Rate {
	slices.Sort(spent)
	return Rate{PerSecond: perSecond, Median: Percentile(spent, 50), P99: Percentile(spent, 99)}
}

// round has every client send one request after the other until the time is over.
func (l *loader) round(ctx context.Context, do request) (spent []time.Duration, rate float64, err error) {
	var group sync.WaitGroup
	took, errs := make([][]time.Duration, l.load.Clients), make([]error, l.load.Clients)
	began := time.Now()
	for i := range l.load.Clients {
		group.Go(func() {
			for errs[i] == nil && time.Since(began) < l.load.For {
				at := time.Now()
				errs[i] = do(ctx)
				took[i] = append(took[i], time.Since(at))
			}
		})
	}
	group.Wait()
	seconds := time.Since(began).Seconds()
	spent = slices.Concat(took...)
	return spent, float64(len(spent)) / seconds, errors.Join(errs...)
}

// table has a line for each kind of request.
func (r LoadReport) table() [][]string {
	table := [][]string{{"", "requests a second", "median", "99th percentile", "plain: requests a second", "median", "99th percentile", "of the plain limit"}}
	ms := func(d time.Duration) string {
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + " ms"
	}
	spread := func(rate Rate) string {
		of := spreadOf(rate.PerSecond)
		return fmt.Sprintf("%s (%s–%s)", thousands(int64(of.Median)), thousands(int64(of.Min)), thousands(int64(of.Max)))
	}
	for _, line := range []struct {
		name string
		load Load
	}{{"`GET /v1/operations/{id}`", r.Reads}, {"`POST /v1/syncs`", r.Starts}} {
		table = append(table, []string{
			line.name, spread(line.load.Holdfast), ms(line.load.Holdfast.Median), ms(line.load.Holdfast.P99),
			spread(line.load.Plain), ms(line.load.Plain.Median), ms(line.load.Plain.P99), strconv.FormatFloat(line.load.ratio(), 'f', 2, 64),
		})
	}
	return table
}
