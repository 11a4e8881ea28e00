package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Host is where and of what a measurement was made.
type Host struct {
	Date       string  `json:"date"` // UTC
	Processor  string  `json:"processor"`
	Cores      int     `json:"cores"`
	Memory     int64   `json:"memory_bytes"`
	Kernel     string  `json:"kernel"`
	LoadBefore float64 `json:"load_before"` // of the last minute, before the runs
	LoadAfter  float64 `json:"load_after,omitempty"`

	Holdfast string `json:"holdfast"` // its version: the commit
	Go       string `json:"go"`
	Postgres string `json:"postgres"`
	Redis    string `json:"redis"`
	Temporal string `json:"temporal"`
}

func (s *services) describe(ctx context.Context) (h Host, err error) {
	h = Host{
		Date: time.Now().UTC().Format(time.DateOnly), Cores: runtime.NumCPU(), Go: strings.TrimPrefix(runtime.Version(), "go"),
		Processor: field("/proc/cpuinfo", "model name"), Temporal: moduleVersion("go.temporal.io/server"),
	}
	if kilobytes, err := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		h.Memory = kilobytes << 10
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return h, fmt.Errorf("read the kernel's version: %w", err)
	}
	h.Kernel = strings.TrimSpace(string(kernel))
	if h.LoadBefore, err = loadAverage(); err != nil {
		return h, err
	}
	if h.Holdfast, err = versionOf(ctx, s.options.Holdfast); err != nil {
		return h, err
	}
	if h.Redis, err = versionOf(ctx, "redis-server"); err != nil {
		return h, err
	}
	h.Postgres, err = s.postgresVersion(ctx)
	return h, err
}

func (s *services) postgresVersion(ctx context.Context) (version string, err error) {
	conn, err := pgx.Connect(ctx, s.postgres.URL("postgres"))
	if err != nil {
		return "", fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if err := conn.QueryRow(ctx, "select split_part(current_setting('server_version'), ' ', 1)").Scan(&version); err != nil {
		return "", fmt.Errorf("ask Postgres for its version: %w", err)
	}
	return version, nil
}

// said is the version in what a program prints of itself: "holdfast version v1" and
// "Redis server v=7.0.15 sha=…".
var said = regexp.MustCompile(`(?:version |v=)(\S+)`)

func versionOf(ctx context.Context, program string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	match := said.FindSubmatch(out)
	if match == nil {
		return "", fmt.Errorf("%s says %q for its version", program, out)
	}
	return string(match[1]), nil
}

// moduleVersion is that of a module that this program is built with.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, module := range info.Deps {
		if module.Path == path {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return ""
}

// field is the first value of that name in a file of lines like "name : value", empty
// where there is none.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(text) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if string(bytes.TrimSpace(key)) == name {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// loadAverage is how many processes wanted a processor in the last minute.
func loadAverage() (float64, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, fmt.Errorf("read the load of the machine: %w", err)
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, fmt.Errorf("read the load of the machine: %w", err)
	}
	return load, nil
}
