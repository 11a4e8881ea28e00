package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/localservice/temporalnamespace"
)

const (
	// stopTimeout is how long a part may take to end in order.
	stopTimeout = 25 * time.Second
	// startTimeout is how long a part may take until it answers: the simulator makes
	// a million items first.
	startTimeout = 5 * time.Minute
	// maxAnswer bounds what is read of one answer, in bytes; profiles are the largest.
	maxAnswer = 64 << 20
)

// Options say what the benchmark runs.
type Options struct {
	Holdfast string // the holdfast executable
	Dev      string // this executable, which is the simulator, Temporal and the loop as well
	Dir      string // data and logs, on a disk
	Log      *slog.Logger
}

// services are the parts that all runs share.
type services struct {
	options   Options
	postgres  *localservice.Postgres
	redis     *localservice.Redis
	temporal  *localservice.Process
	address   string // Temporal's
	simulated *localservice.Process
	simulator simulator
}

// startServices starts the parts, with a repository of that many items, and returns
// when all of them answer. Postgres syncs its commits to the disk, as in production.
func startServices(ctx context.Context, o Options, items int) (*services, error) {
	s := &services{options: o}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		s.postgres, err = localservice.StartPostgres(groupCtx, localservice.PostgresOptions{Dir: filepath.Join(o.Dir, "postgres"), Log: o.Log})
		return err
	})
	group.Go(func() (err error) {
		s.redis, err = localservice.StartRedis(groupCtx, localservice.RedisOptions{Dir: filepath.Join(o.Dir, "redis"), Log: o.Log})
		return err
	})
	group.Go(func() error { return s.startTemporal(groupCtx) })
	group.Go(func() error { return s.startSimulator(groupCtx, items) })
	if err := group.Wait(); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	if !s.redis.Real() {
		return nil, errors.Join(errors.New("redis-server is not installed, and miniredis would be measured with the benchmark itself"), s.stop())
	}
	return s, nil
}

func (s *services) startTemporal(ctx context.Context) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	s.address = "127.0.0.1:" + ports[0]
	s.temporal, err = s.startPart("temporal", "--dir", filepath.Join(s.options.Dir, "temporal"), "--port", ports[0], "--ui-port", ports[1])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	go endWith(s.temporal, cancel, ctx)
	if err := temporalnamespace.Ensure(ctx, s.address, namespace); err != nil {
		return errors.Join(fmt.Errorf("wait for Temporal: %w", err), s.temporal.Err())
	}
	return nil
}

// endWith ends a wait when the process that is waited for ends.
func endWith(p *localservice.Process, cancel func(), ctx context.Context) { //nolint:revive // ctx is what cancel ends
	select {
	case <-p.Done():
		cancel()
	case <-ctx.Done():
	}
}

func (s *services) startSimulator(ctx context.Context, items int) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	s.simulator = simulator{
		api: "http://127.0.0.1:" + ports[0] + "/", control: "http://127.0.0.1:" + ports[1],
		http: &http.Client{Timeout: 10 * time.Second},
	}
	s.simulated, err = s.startPart("githubsim", "--items", strconv.Itoa(items), "--port", ports[0], "--control-port", ports[1])
	if err != nil {
		return err
	}
	if err := await(ctx, s.simulated, func() error {
		_, err := s.simulator.state(ctx)
		return err
	}); err != nil {
		return fmt.Errorf("wait for the simulated GitHub: %w", err)
	}
	return nil
}

// await tries until it succeeds or the process has ended.
func await(ctx context.Context, p *localservice.Process, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return p.Await(ctx, try)
}

// startPart starts a hidden command of this executable. Its log is name.log.
func (s *services) startPart(name string, args ...string) (*localservice.Process, error) {
	path := filepath.Join(s.options.Dir, name+".log")
	log, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the process has its own descriptor
	return localservice.StartProcess(localservice.Command{
		Name: "dev " + name, Path: s.options.Dev, Args: append([]string{name}, args...), Log: log, LogPath: path,
	})
}

// meter reads what the shared parts use, and those of a contender.
func (s *services) meter(of map[Part]int) meter {
	pids := map[Part]int{
		PartPostgres: s.postgres.Process().PID(), PartRedis: s.redis.Process().PID(),
		PartTemporal: s.temporal.PID(), PartSimulator: s.simulated.PID(),
	}
	for part, pid := range of {
		pids[part] = pid
	}
	return meter{pids: pids}
}

// stop ends all parts at once, Postgres and Redis after who uses them.
func (s *services) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var group errgroup.Group
	for _, p := range []*localservice.Process{s.temporal, s.simulated} {
		if p != nil {
			group.Go(func() error { return p.Stop(ctx) })
		}
	}
	if s.redis != nil {
		group.Go(func() error { return s.redis.Stop(ctx) })
	}
	if s.postgres != nil {
		group.Go(func() error { return s.postgres.Stop(ctx) })
	}
	return group.Wait()
}

func freePorts(n int) ([]string, error) {
	ports := make([]string, n)
	for i := range ports {
		port, err := localservice.FreePort()
		if err != nil {
			return nil, err
		}
		ports[i] = strconv.Itoa(port)
	}
	return ports, nil
}

// fetch is the body of an answer that succeeded.
func fetch(ctx context.Context, client *http.Client, method, target string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, target, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	return receive(client, request)
}

// receive is the body of the answer to a request, if that succeeded.
func receive(client *http.Client, request *http.Request) (_ []byte, err error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", request.URL, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", request.URL, response.Status, strings.TrimSpace(string(body)))
	}
	return body, nil
}

func split(repository string) (owner, name string) {
	owner, name, _ = strings.Cut(repository, "/")
	return owner, name
}
