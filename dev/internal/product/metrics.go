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
	var address string
	err := process.Await(ctx, func() (err error) {
		address, err = loggedAddress(filepath.Join(p.options.Dir, name+".log"), message)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("holdfast %s does not say %q: %w%s", name, message, err, process.LogTail(20))
	}
	return "http://" + address, nil
}

// errNotLogged says that a log has no such line yet.
var errNotLogged = errors.New("its log has no such line")

// loggedAddress is the address in the last line of a log that has that message: a
// process that was started again appends to its log. errNotLogged.
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
	if address == "" {
		return "", errNotLogged
	}
	return address, nil
}
