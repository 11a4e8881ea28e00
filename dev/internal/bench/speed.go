package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// SpeedOptions say what is compared.
type SpeedOptions struct {
	Items     int             // in the listed collections
	Latencies []time.Duration // of GitHub's answers
	Runs      int             // of each contender at each latency
}

func (o SpeedOptions) validate() error {
	switch {
	case o.Items < 1000 || o.Items > 1_000_000:
		return errors.New("the number of items must be from 1000 to 1000000")
	case o.Runs < 1:
		return errors.New("there must be one run at least")
	case len(o.Latencies) == 0:
		return errors.New("there must be one latency at least")
	}
	return nil
}

// Speed compares Holdfast with the loop. The runs take turns, so that what else
// happens on the machine meets both.
func Speed(ctx context.Context, o Options, speed SpeedOptions) (_ Report, err error) {
	if err := speed.validate(); err != nil {
		return Report{}, err
	}
	s, err := startServices(ctx, o, speed.Items)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	state, err := s.simulator.state(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{Items: speed.Items, Mix: state.Counts, Runs: speed.Runs}
	if report.Host, err = s.describe(ctx); err != nil {
		return Report{}, err
	}
	for n := 1; n <= speed.Runs; n++ {
		for _, latency := range speed.Latencies {
			for _, name := range []string{NameHoldfast, NameLoop} {
				label := fmt.Sprintf("bench-%s-%d-%d", name, latency.Milliseconds(), n)
				run, err := s.measure(ctx, label, s.contender(name, label, state.Repository), latency, nil)
				if err != nil {
					return Report{}, fmt.Errorf("%s at %s, run %d: %w", name, latency, n, err)
				}
				run.Contender = name
				report.All = append(report.All, run)
				o.Log.InfoContext(ctx, "measured", "contender", name, "latency", latency, "run", n,
					"seconds", run.Seconds, "items_per_second", run.rate())
			}
		}
	}
	report.Host.LoadAfter, err = loadAverage()
	return report, err
}

func (s *services) contender(name, label, repository string) contender {
	if name == NameLoop {
		return &loopContender{services: s, repository: repository}
	}
	return &holdfastContender{services: s, name: label}
}

// MemoryRun is how much memory a worker took for a repository of a size.
type MemoryRun struct {
	Run
	Host Host `json:"host"`
}

// Memory syncs repositories of those sizes, one after the other, each with new
// processes and servers.
func Memory(ctx context.Context, o Options, sizes []int) ([]MemoryRun, error) {
	var runs []MemoryRun
	for _, items := range sizes {
		run, err := memoryOf(ctx, o, items)
		if err != nil {
			return nil, fmt.Errorf("sync %d items: %w", items, err)
		}
		runs = append(runs, run)
		o.Log.InfoContext(ctx, "measured", "items", run.Items, "seconds", run.Seconds, "worker_bytes", run.Peak[PartWorker])
	}
	return runs, nil
}

func memoryOf(ctx context.Context, o Options, items int) (_ MemoryRun, err error) {
	s, err := startServices(ctx, o, items)
	if err != nil {
		return MemoryRun{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	var run MemoryRun
	if run.Host, err = s.describe(ctx); err != nil {
		return MemoryRun{}, err
	}
	label := fmt.Sprintf("memory-%d", items)
	run.Run, err = s.measure(ctx, label, s.contender(NameHoldfast, label, ""), 0, nil)
	run.Contender = NameHoldfast
	return run, err
}
