package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// namespace is Temporal's that the workflows run in.
const namespace = "default"

// holdfastContender is the product, as its users run it.
type holdfastContender struct {
	services  *services
	name      string   // of the run: its logs are called after it
	settings  []string // of all its processes, as "NAME=value"
	env       []string // more settings of the worker
	product   *product.Product
	api       *product.API
	worker    *localservice.Process
	client    *client.Client
	operation string
}

// timeScale makes GitHub's minute short: what is measured is Holdfast, not how much GitHub
// allows in a minute.
const timeScale = 0.02

func (h *holdfastContender) start(ctx context.Context, databaseURL string) error {
	h.product = product.New(product.Options{
		Binary: h.services.options.Holdfast, Dir: h.services.options.Dir,
		DatabaseURL: databaseURL, RedisURL: h.services.redis.URL(),
		TemporalAddress: h.services.address, TemporalNamespace: namespace,
		GitHubURL: h.services.simulator.api, GitHubToken: "benchmark", PrivateKey: product.NewPrivateKey(), Env: h.settings,
		TimeScale: timeScale,
	})
	if err := h.product.Migrate(ctx); err != nil {
		return err
	}
	var err error
	if h.worker, err = h.product.Start(h.workerName(), h.env, "worker"); err != nil {
		return err
	}
	if h.api, err = h.product.StartAPI(ctx, "api", 0); err != nil {
		return err
	}
	token, err := h.product.Token(ctx, "operator")
	if err != nil {
		return err
	}
	h.client, err = client.New(h.api.URL, token, nil)
	if err != nil {
		return err
	}
	return h.awaitWorker(ctx)
}

func (h *holdfastContender) workerName() string { return h.name + "-worker" }

// awaitWorker returns when the worker is ready for work.
func (h *holdfastContender) awaitWorker(ctx context.Context) error {
	address, err := h.product.MetricsURL(ctx, h.workerName(), h.worker)
	if err != nil {
		return err
	}
	return await(ctx, h.worker, func() error {
		_, err := fetch(ctx, h.services.simulator.http, "GET", address+"/readyz")
		return err
	})
}

func (h *holdfastContender) parts() map[Part]int {
	return map[Part]int{PartAPI: h.api.Process.PID(), PartWorker: h.worker.PID()}
}

// work starts a sync and follows it to its end as the demo and any listener do.
func (h *holdfastContender) work(ctx context.Context, repository string) error {
	var names []string
	for _, c := range Collections() {
		names = append(names, c.Name)
	}
	_, err := h.sync(ctx, client.SyncRequest{Repository: repository, Collections: names})
	return err
}

// sync is the operation that was asked for, when it has succeeded.
func (h *holdfastContender) sync(ctx context.Context, request client.SyncRequest) (operation.Operation, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go endWith(h.worker, cancel, ctx)
	go endWith(h.services.simulated, cancel, ctx)
	started, err := h.client.StartSync(ctx, request)
	if err != nil {
		return started, err
	}
	h.operation = started.ID
	op, err := h.client.Watch(ctx, started.ID, -1, func(operation.Operation, progress.Message) error { return nil })
	if err != nil {
		return op, errors.Join(err, h.worker.Err(), h.services.simulated.Err())
	}
	if op.State != operation.StateSucceeded {
		return op, fmt.Errorf("the sync ended as %s: %+v%s", op.State, op.Failure, h.worker.LogTail(20))
	}
	return op, nil
}

// events follows the operation's runs from the last one back to the first.
func (h *holdfastContender) events(ctx context.Context) (int64, error) {
	temporal, err := temporalclient.DialContext(ctx, temporalclient.Options{
		HostPort: h.services.address, Namespace: namespace, Logger: quiet(),
	})
	if err != nil {
		return 0, fmt.Errorf("connect to Temporal: %w", err)
	}
	defer temporal.Close()
	var events int64
	for run := ""; ; {
		described, err := temporal.DescribeWorkflowExecution(ctx, h.operation, run)
		if err != nil {
			return 0, fmt.Errorf("describe the sync's workflow: %w", err)
		}
		events += described.GetWorkflowExecutionInfo().GetHistoryLength()
		history := temporal.GetWorkflowHistory(ctx, h.operation, described.GetWorkflowExecutionInfo().GetExecution().GetRunId(),
			false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		first, err := history.Next()
		if err != nil {
			return 0, fmt.Errorf("read the history of the sync's workflow: %w", err)
		}
		if run = first.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId(); run == "" {
			return events, nil
		}
	}
}

func (h *holdfastContender) table(c collection.Collection) (table, where string) {
	return pgx.Identifier{c.Table}.Sanitize(), "deleted_at is null"
}

func (h *holdfastContender) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var group errgroup.Group
	if h.api != nil {
		group.Go(func() error { return h.api.Process.Stop(ctx) })
	}
	if h.worker != nil {
		group.Go(func() error { return h.worker.Stop(ctx) })
	}
	return group.Wait()
}
