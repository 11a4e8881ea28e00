package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// ProfileOptions say what is profiled.
type ProfileOptions struct {
	Items   int
	Latency time.Duration
	Seconds int    // of the processor profile, from the start of the sync
	To      string // the directory for the files
}

// profiles are the files and what the worker is asked for, after the work.
var profiles = [...][2]string{{"heap.pprof", "heap"}, {"allocs.pprof", "allocs"}}

// Profile syncs once and writes pprof files of the worker: cpu.pprof, heap.pprof and
// allocs.pprof. The run's figures include the cost of the profile.
func Profile(ctx context.Context, o Options, profile ProfileOptions) (_ Run, err error) {
	if err := os.MkdirAll(profile.To, 0o755); err != nil { //nolint:gosec // a build's output
		return Run{}, fmt.Errorf("make a directory for the profiles: %w", err)
	}
	s, err := startServices(ctx, o, profile.Items)
	if err != nil {
		return Run{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	h := &holdfastContender{services: s, name: "profile", env: []string{"HOLDFAST_DEBUG_LISTEN=127.0.0.1:0"}}
	run, err := s.measure(ctx, "profile", h, profile.Latency, func(ctx context.Context, _ contender) error {
		return h.writeProfiles(ctx, profile)
	})
	run.Contender = NameHoldfast
	return run, err
}

// writeProfiles records the processor while the worker works. The heap is looked at
// right after that, with what the work has left in it.
func (h *holdfastContender) writeProfiles(ctx context.Context, profile ProfileOptions) error {
	address, err := h.product.DebugURL(ctx, h.workerName(), h.worker)
	if err != nil {
		return err
	}
	long := &http.Client{Timeout: time.Duration(profile.Seconds)*time.Second + time.Minute}
	cpu := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", address, profile.Seconds)
	if err := save(ctx, long, cpu, filepath.Join(profile.To, "cpu.pprof")); err != nil {
		return err
	}
	for _, p := range profiles {
		if err := save(ctx, long, address+"/debug/pprof/"+p[1], filepath.Join(profile.To, p[0])); err != nil {
			return err
		}
	}
	return nil
}

func save(ctx context.Context, client *http.Client, from, to string) error {
	body, err := fetch(ctx, client, http.MethodGet, from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, body, 0o644); err != nil { //nolint:gosec // a build's output
		return fmt.Errorf("write a profile: %w", err)
	}
	return nil
}
