package localservice

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// RedisDatabases is how many logical databases a started Redis has: enough that
// every test of a large parallel run has one of its own.
const RedisDatabases = 1024

// RedisOptions says which server to start.
type RedisOptions struct {
	// Dir holds the server's log and, with Keep, its data. It is created if needed.
	Dir string
	// Port on 127.0.0.1. 0: a free one.
	Port int
	// Keep writes the data to Dir, so that the next start has it.
	Keep bool
	// Log receives what a person should know. nil: discarded.
	Log *slog.Logger
}

// Redis is a running server: redis-server where it is installed, else miniredis
// in this process.
type Redis struct {
	port    int
	process *Process // nil: miniredis
	mini    *miniredis.Miniredis
	stop    chan struct{} // ends miniredis's clock
}

// StartRedis starts a server and returns once it answers.
func StartRedis(ctx context.Context, o RedisOptions) (*Redis, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	path, err := exec.LookPath("redis-server")
	if err != nil {
		o.Log.WarnContext(ctx, "redis-server is not installed: miniredis stands in, which keeps nothing and is not the real thing")
		return startMiniredis(o.Port)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create a directory for Redis: %w", err)
	}
	for attempt := 1; ; attempt++ {
		r := &Redis{port: o.Port}
		if o.Port == 0 {
			if r.port, err = FreePort(); err != nil {
				return nil, err
			}
		}
		err = r.start(ctx, path, o)
		if err == nil {
			return r, nil
		}
		if attempt == startAttempts || ctx.Err() != nil {
			return nil, err
		}
		o.Log.WarnContext(ctx, "Redis did not start, trying again", "error", err)
	}
}

func (r *Redis) start(ctx context.Context, path string, o RedisOptions) error {
	logPath := filepath.Join(o.Dir, "redis.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("create Redis's log: %w", err)
	}
	defer func() { _ = logFile.Close() }() // the server has its own descriptor
	keep := "no"
	if o.Keep {
		keep = "yes"
	}
	r.process, err = StartProcess(Command{
		Name: "Redis", Path: path, Dir: o.Dir, Log: logFile, LogPath: logPath,
		Args: []string{
			"--bind", loopback, "--port", strconv.Itoa(r.port), "--databases", strconv.Itoa(RedisDatabases),
			"--dir", o.Dir, "--save", "", "--appendonly", keep, "--daemonize", "no", "--loglevel", "warning",
		},
	})
	if err != nil {
		return err
	}
	err = waitUntil(ctx, startTimeout, func() bool {
		select {
		case <-r.process.Done():
			return true
		default:
			return r.answers()
		}
	})
	if ended := r.process.Err(); ended != nil {
		return ended
	}
	if err != nil {
		return errors.Join(fmt.Errorf("wait for Redis: %w%s", err, r.process.LogTail(20)), r.process.Kill())
	}
	return nil
}

// answers asks for a PONG, which Redis gives only once its data is loaded.
func (r *Redis) answers() bool {
	conn, err := net.DialTimeout("tcp", r.address(), time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // only asked
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "+PONG")
}

func startMiniredis(port int) (*Redis, error) {
	r := &Redis{mini: miniredis.NewMiniRedis(), stop: make(chan struct{})}
	if err := r.mini.StartAddr(net.JoinHostPort(loopback, strconv.Itoa(port))); err != nil {
		return nil, fmt.Errorf("start miniredis: %w", err)
	}
	var err error
	if r.port, err = strconv.Atoi(r.mini.Port()); err != nil {
		return nil, fmt.Errorf("read miniredis's port: %w", err)
	}
	go r.passTime()
	return r, nil
}

// passTime lets keys expire: miniredis's own clock stands still.
func (r *Redis) passTime() {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-r.stop:
			return
		case now := <-tick.C:
			r.mini.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (r *Redis) address() string { return net.JoinHostPort(loopback, strconv.Itoa(r.port)) }

// URL addresses the server's logical database 0.
func (r *Redis) URL() string { return "redis://" + r.address() + "/0" }

// Port is the server's port on 127.0.0.1.
func (r *Redis) Port() int { return r.port }

// Real tells whether this is a redis-server and not miniredis.
func (r *Redis) Real() bool { return r.process != nil }

// Process is the server's process, nil for miniredis.
func (r *Redis) Process() *Process { return r.process }

// Kill ends the server without giving it a chance to say anything; miniredis is stopped.
func (r *Redis) Kill(ctx context.Context) error {
	if r.process != nil {
		return r.process.Kill()
	}
	return r.Stop(ctx)
}

// Stop ends the server.
func (r *Redis) Stop(ctx context.Context) error {
	if r.process != nil {
		return r.process.Stop(ctx)
	}
	close(r.stop)
	r.mini.Close()
	return nil
}
