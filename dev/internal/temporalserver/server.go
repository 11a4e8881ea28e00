// Package temporalserver runs a Temporal server and its Web UI inside this process,
// on loopback, on SQLite.
//
// It is for development, demonstrations and tests: one shard, one host, no
// authorization. A production server is configured in deploy/.
package temporalserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"

	"github.com/holdfast/holdfast/internal/localservice/temporalnamespace"
)

// Options says what to start.
type Options struct {
	Dir    string    // holds the database; created if needed
	Port   int       // gRPC, on 127.0.0.1
	UIPort int       // the Web UI, on 127.0.0.1
	Log    io.Writer // the server's own log, as JSON lines
}

// Server is a running Temporal server with its Web UI.
type Server struct {
	address string
	uiURL   string
	server  temporal.Server
	ui      *uiserver.Server
	silent  *atomic.Bool
}

const (
	host = "127.0.0.1"
	// Namespace is registered at the start.
	Namespace = "default"
)

// Start starts the server and the UI and returns once both answer.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	database, err := prepareDatabase(o)
	if err != nil {
		return nil, fmt.Errorf("prepare Temporal's database: %w", err)
	}
	s := &Server{
		address: net.JoinHostPort(host, strconv.Itoa(o.Port)),
		uiURL:   "http://" + net.JoinHostPort(host, strconv.Itoa(o.UIPort)),
		silent:  &atomic.Bool{},
	}
	log := newLogger(o.Log, s.silent)
	options, err := serverOptions(o, database, log)
	if err != nil {
		return nil, err
	}
	if s.server, err = temporal.NewServer(options...); err != nil {
		return nil, fmt.Errorf("assemble the Temporal server: %w", err)
	}
	s.ui = newUI(o)
	go s.serveUI(log)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if err := s.server.Start(); err != nil {
		return nil, fmt.Errorf("start the Temporal server: %w", err)
	}
	if err := s.awaitReady(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Address is the server's gRPC address.
func (s *Server) Address() string { return s.address }

// UIURL is the Web UI's address.
func (s *Server) UIURL() string { return s.uiURL }

// Stop ends the UI and the server. What the server logs while its parts part is
// noise, and is dropped.
func (s *Server) Stop() error {
	s.silent.Store(true)
	s.ui.Stop()
	if err := s.server.Stop(); err != nil {
		return fmt.Errorf("stop the Temporal server: %w", err)
	}
	return nil
}

func newUI(o Options) *uiserver.Server {
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host: host, Port: o.UIPort,
		TemporalGRPCAddress: fmt.Sprintf("%s:%d", host, o.Port),
		EnableUI:            true, DefaultNamespace: Namespace,
		CORS:             uiconfig.CORS{CookieInsecure: true}, // plain HTTP on loopback
		HideLogs:         true,
		DisableNewsFetch: true,
	}))
}

func (s *Server) serveUI(log log.Logger) {
	if err := s.ui.Start(); err != nil {
		log.Error("the Temporal UI ended", tag.Error(err))
	}
}

// awaitReady waits until the namespace with its search attributes can be used and
// the UI answers.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := temporalnamespace.Ensure(ctx, s.address, Namespace); err != nil {
		return fmt.Errorf("wait for the Temporal server: %w", err)
	}
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.askUI(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the Temporal UI: %w", err)
		case <-tick.C:
		}
	}
}

func (s *Server) askUI(ctx context.Context) error {
	client := http.Client{Timeout: time.Second}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.uiURL+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// databaseFile names the schema's version: a server with a newer schema starts on
// a new file instead of failing on the old one.
func databaseFile(dir string) string {
	return filepath.Join(dir, "temporal-"+sqlite.Version+".db")
}
