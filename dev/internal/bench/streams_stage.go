package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/store"
)

// stage is what serves and publishes.
type stage struct {
	services  *services
	options   StreamOptions
	address   string // of the database
	product   *product.Product
	apis      []*product.API
	store     *store.Store
	publisher *progress.Publisher
	closers   []func() error
}

func (s *stage) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var errs []error
	for i, api := range s.apis {
		if i > 0 && s.options.Kill {
			continue // it was killed
		}
		errs = append(errs, api.Process.Stop(ctx))
	}
	for _, closer := range s.closers {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// perform measures.
func (s *stage) perform(ctx context.Context, report *StreamReport) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	works, who, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	before, err := s.apiMemory()
	if err != nil {
		return err
	}
	listeners, err := s.invite(ctx, who)
	if err != nil {
		return err
	}
	defer listeners.kill()
	if err := s.play(ctx, works, listeners, report); err != nil {
		return err
	}
	after, err := s.apiMemory()
	if err != nil {
		return err
	}
	report.Memory = (after - before) / int64(s.options.Listeners)
	if s.options.Kill {
		report.Memory = 0 // nobody has the listeners from the beginning
	}
	last := make([]int64, len(works))
	for i, w := range works {
		last[i] = w.last
		report.Published += w.last
	}
	report.Heard, err = listeners.finish(last)
	return err
}

// play publishes for a while that does not count, and then for one that does.
func (s *stage) play(ctx context.Context, works []*publishing, listeners *listenerProcess, report *StreamReport) error {
	const warmUp = 3 * time.Second
	group, ctx := errgroup.WithContext(ctx)
	playing, cancel := context.WithTimeout(ctx, warmUp+s.options.For)
	defer cancel()
	for i, w := range works {
		// They do not all publish at the same moment.
		group.Go(func() error {
			return s.publish(playing, w, time.Duration(i)*time.Second/time.Duration(s.options.Rate*len(works)))
		})
	}
	group.Go(func() error {
		if err := pause(ctx, warmUp); err != nil {
			return err
		}
		pid := s.apis[0].Process.PID()
		began, err := readTimes(pid)
		if err != nil {
			return err
		}
		if err := listeners.tell(order{Begin: true}); err != nil {
			return err
		}
		if err := pause(ctx, s.options.For/2); err != nil {
			return err
		}
		if s.options.Kill {
			if err := s.apis[1].Process.Kill(); err != nil {
				return fmt.Errorf("kill an API: %w", err)
			}
		}
		if err := pause(ctx, s.options.For/2-50*time.Millisecond); err != nil {
			return err
		}
		ended, err := readTimes(pid)
		report.CPU = (ended.own - began.own).Seconds() / s.options.For.Seconds()
		return err
	})
	return group.Wait()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// start starts the APIs, and connects to publish.
func (s *stage) start(ctx context.Context) error {
	s.product = product.New(product.Options{
		Binary: s.services.options.Holdfast, Dir: s.services.options.Dir, DatabaseURL: s.address, RedisURL: s.services.redis.URL(),
		TemporalAddress: s.services.address, TemporalNamespace: namespace, GitHubURL: s.services.simulator.api, GitHubToken: "benchmark",
		PrivateKey: product.NewPrivateKey(), Env: unscheduled,
	})
	if err := s.product.Migrate(ctx); err != nil {
		return err
	}
	for range map[bool]int{false: 1, true: 2}[s.options.Kill] {
		api, err := s.product.StartAPI(ctx, "api", 0)
		if err != nil {
			return err
		}
		s.apis = append(s.apis, api)
	}
	pool, err := store.Open(ctx, postgres.Address{URL: s.address}, "bench publisher", plainConns)
	if err != nil {
		return err
	}
	options, err := redis.ParseURL(s.services.redis.URL())
	if err != nil {
		return fmt.Errorf("read the URL of Redis: %w", err)
	}
	options.ContextTimeoutEnabled = true
	client := redis.NewClient(options)
	s.closers = append(s.closers, client.Close, func() error { pool.Close(); return nil })
	s.store, s.publisher = store.New(pool), progress.NewPublisher(client, progress.DefaultStream, slog.New(slog.DiscardHandler))
	return nil
}

// apiMemory is what the API that lives to the end has of its own.
func (s *stage) apiMemory() (int64, error) {
	m, err := readMemory(s.apis[0].Process.PID())
	return m.anonymous, err
}

// publishing is one operation that runs.
type publishing struct {
	operation string
	page      store.Page
	last      int64 // seq of its last event
}

// prepare makes the operations, and says who listens to them.
func (s *stage) prepare(ctx context.Context) (works []*publishing, who audience, err error) {
	labels, ok := collection.ByName("labels")
	if !ok {
		return nil, who, errors.New("there are no labels")
	}
	who.PerOperation = s.options.Listeners / s.options.Operations
	for _, api := range s.apis {
		who.Addresses = append(who.Addresses, strings.TrimPrefix(api.URL, "http://"))
	}
	for i := range s.options.Operations {
		op, _, err := s.store.CreateOperation(ctx, operation.New{
			ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace, Kind: operation.KindSyncRepository,
			Subject: fmt.Sprintf("octo/r%d", i), Input: json.RawMessage(`{}`),
		})
		if err != nil {
			return nil, who, err
		}
		_, event, err := s.store.StartPlan(ctx, config.DefaultWorkspace, op.ID, []string{labels.Name})
		if err != nil {
			return nil, who, err
		}
		key := store.PassKey{WorkspaceID: config.DefaultWorkspace, RepositoryID: int64(i + 1), Collection: labels.Name}
		pass, err := s.store.TakePass(ctx, key, op, false)
		if err != nil {
			return nil, who, err
		}
		works = append(works, &publishing{operation: op.ID, last: event.Seq, page: store.Page{
			Key: key, OperationID: op.ID, Collection: labels, Fence: pass.Fence, Cursor: json.RawMessage(`{}`), Listed: 1, Pages: 1, Requests: 1,
		}})
		token, err := s.product.Run(ctx, "token", "create", "--role", "reader", "--subject", "listeners-"+strconv.Itoa(i))
		if err != nil {
			return nil, who, err
		}
		who.Operations, who.Tokens = append(who.Operations, op.ID), append(who.Tokens, strings.TrimSpace(token))
	}
	return works, who, nil
}

// publish commits pages at the rate until ctx ends, and tells of each.
func (s *stage) publish(ctx context.Context, w *publishing, after time.Duration) error {
	if pause(ctx, after) != nil {
		return nil
	}
	every := time.NewTicker(time.Second / time.Duration(s.options.Rate))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		committing := context.WithoutCancel(ctx)
		w.page.Total = time.Now().UnixMicro() // listeners tell by it when the event was made
		committed, err := s.store.CommitPage(committing, w.page)
		if err != nil {
			return err
		}
		w.last = committed.Event.Seq
		s.publisher.Publish(committing, committed.Event)
	}
}
