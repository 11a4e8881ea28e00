package bench

import (
	"context"
	"time"
)

// Part is one process, or one server of several, that takes part in a run.
type Part string

// The parts.
const (
	PartAPI       Part = "api"
	PartWorker    Part = "worker"
	PartLoop      Part = "loop"
	PartPostgres  Part = "postgres"
	PartRedis     Part = "redis"
	PartTemporal  Part = "temporal"
	PartSimulator Part = "simulator"
)

// sampleInterval is how often Postgres' memory is looked at: its processes come and
// go, so that nobody keeps its peak.
const sampleInterval = time.Second

// meter reads what the parts use.
type meter struct {
	pids map[Part]int
}

// times are the processor times so far.
func (m meter) times() (map[Part]time.Duration, error) {
	times := map[Part]time.Duration{}
	for part, pid := range m.pids {
		if part == PartPostgres {
			used, err := treeTime(pid)
			if err != nil {
				return nil, err
			}
			times[part] = used
			continue
		}
		used, err := readTimes(pid)
		if err != nil {
			return nil, err
		}
		times[part] = used.own
	}
	return times, nil
}

// peaks are the peak memories so far, but for Postgres'.
func (m meter) peaks() (map[Part]int64, error) {
	peaks := map[Part]int64{}
	for part, pid := range m.pids {
		if part == PartPostgres {
			continue
		}
		memory, err := readMemory(pid)
		if err != nil {
			return nil, err
		}
		peaks[part] = memory.peak
	}
	return peaks, nil
}

// watchPostgres samples Postgres' memory until ctx ends; peak waits for that.
func (m meter) watchPostgres(ctx context.Context) (peak func() (int64, error)) {
	var most int64
	var failed error
	done := make(chan struct{})
	go func() {
		defer close(done)
		every := time.NewTicker(sampleInterval)
		defer every.Stop()
		for {
			now, err := treeMemory(m.pids[PartPostgres])
			if err != nil {
				failed = err
				return
			}
			most = max(most, now)
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
		}
	}()
	return func() (int64, error) {
		<-done
		return most, failed
	}
}
