package product

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast/holdfast/internal/localservice"
)

// MetricsURL is where the process that Start was given that name for serves
// /metrics, /healthz and /readyz. It waits until the process says so.
func (p *Product) MetricsURL(ctx context.Context, name string, process *localservice.Process) (string, error) {
	return p.addressOf(ctx, name, process, "the metrics are served")
}

// DebugURL is where a process that was started with HOLDFAST_DEBUG_LISTEN serves
// /debug/pprof/ and /log-level.
func (p *Product) DebugURL(ctx context.Context, name string, process *localservice.Process) (string, error) {
	return p.addressOf(ctx, name, process, "profiles and the log level are served")
}

// addressOf waits for the line of a process's log with that message and an address.
func (p *Product) addressOf(ctx context.Context, name string, process *localservice.Process, message string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		address, err := loggedAddress(filepath.Join(p.options.Dir, name+".log"), message)
		if err != nil || address != "" {
			return "http://" + address, err
		}
		select {
		case <-process.Done():
			return "", errors.Join(fmt.Errorf("holdfast %s has ended", name), process.Err())
		case <-ctx.Done():
			return "", fmt.Errorf("holdfast %s does not say %q: %w%s", name, message, ctx.Err(), process.LogTail(20))
		case <-tick.C:
		}
	}
}

// loggedAddress is the address in the last line of a log that has that message, empty
// if there is none yet: a process that was started again appends to its log.
func loggedAddress(path, message string) (address string, err error) {
	log, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read a log: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Message string `json:"msg"`
			Address string `json:"address"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Message == message {
			address = line.Address
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("read a log: %w", err)
	}
	return address, nil
}
