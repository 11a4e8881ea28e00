package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/telemetry"
)

// healthPatience is how long the health check waits for an answer.
const healthPatience = 3 * time.Second

func newHealthCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Tell whether the server process on this machine is up",
		Long: `Asks the process that listens at HOLDFAST_METRICS_LISTEN whether it is up. Exits with 0 if
it is, and with 1 and the reason if it is not: the health check of a container.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadTelemetry(p.env)
			if err != nil {
				return err
			}
			text, err := askPrivate(cmd.Context(), "HOLDFAST_METRICS_LISTEN", c.MetricsListen, http.MethodGet, "/healthz", "")
			if err != nil {
				return err
			}
			fmt.Fprintln(p.stdout, text)
			return nil
		},
	}
}

func newLogLevelCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use:   "log-level [debug|info|warn|error]",
		Short: "Show or set the log level of the server process on this machine",
		Long:  "Asks the process that listens at HOLDFAST_DEBUG_LISTEN for its log level, or sets it until the process ends.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.LoadTelemetry(p.env)
			if err != nil {
				return err
			}
			if c.DebugListen == "" {
				return errors.New("HOLDFAST_DEBUG_LISTEN is not set; the process has to be started with it")
			}
			method, body := http.MethodGet, ""
			if len(args) == 1 {
				if _, err := telemetry.ParseLevel(args[0]); err != nil {
					return err
				}
				method, body = http.MethodPut, args[0]
			}
			text, err := askPrivate(cmd.Context(), "HOLDFAST_DEBUG_LISTEN", c.DebugListen, method, "/log-level", body)
			if err != nil {
				return err
			}
			fmt.Fprintln(p.stdout, text)
			return nil
		},
	}
}

// askPrivate asks a private listener of a process on this machine. Its error says
// what is wrong.
func askPrivate(ctx context.Context, variable, listen, method, path, body string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return "", fmt.Errorf("%s: %q does not say at which port the process listens", variable, listen)
	}
	if address, err := netip.ParseAddr(host); host == "" || err == nil && address.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + path
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: it is this machine
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("the process does not answer: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return "", fmt.Errorf("the process does not answer: %w", err)
	}
	text := strings.TrimSpace(string(answer))
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s: %s", url, resp.Status, text)
	}
	return text, nil
}
