package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/githubspec"
	"github.com/holdfast/holdfast/internal/localservice"
)

// testTimeZone is not UTC, has daylight saving and an offset of half an hour, so
// that a time that lost its zone is wrong in every test that looks.
const testTimeZone = "America/St_Johns"

func testCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test -- COMMAND...",
		Short: "run a command with Temporal, Postgres and Redis at hand",
		Long: `Starts Temporal, Postgres and Redis on free ports of 127.0.0.1, runs the command with
their addresses in HOLDFAST_TEST_*, stops them, and exits as the command did.

GitHub's own descriptions of its APIs, with which tests compare answers, are fetched from
npm once and kept in the user's cache; HOLDFAST_TEST_GITHUB_OPENAPI and
HOLDFAST_TEST_GITHUB_SCHEMA name other copies.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runTest(cmd.Context(), args) },
	}
}

func runTest(ctx context.Context, command []string) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	dir, err := localservice.MemoryDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	begin := time.Now()
	s, err := startStack(ctx, stackOptions{dir: dir.Path, timeZone: testTimeZone, log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	log.InfoContext(ctx, "services are ready", "seconds", time.Since(begin).Seconds(),
		"temporal", s.temporal.Address(), "redis_server", s.redis.Real())
	return runCommand(ctx, command, append(s.testEnv(), describeGitHub(ctx, log)...))
}

// describeGitHub fetches GitHub's descriptions of its APIs before the tests, which reach
// nothing beyond this machine. Where that fails only the tests that need one fail.
func describeGitHub(ctx context.Context, log *slog.Logger) (env []string) {
	for variable, release := range map[string]githubspec.Release{
		"HOLDFAST_TEST_GITHUB_OPENAPI": githubspec.Pinned(),
		"HOLDFAST_TEST_GITHUB_SCHEMA":  githubspec.PinnedSchema(),
	} {
		if os.Getenv(variable) != "" {
			continue // the command's environment has it
		}
		path, err := release.Fetch(ctx, githubspec.ReadOptions(os.Getenv))
		if err != nil {
			log.ErrorContext(ctx, "tests that compare with GitHub's description of its API will fail", "error", err, "unless_set", variable)
			continue
		}
		env = append(env, variable+"="+path)
	}
	return env
}

// testEnv is what internal/testenv reads.
func (s *stack) testEnv() []string {
	return append(os.Environ(),
		"HOLDFAST_TEST_REQUIRE=1",
		"HOLDFAST_TEST_DATABASE_URL="+s.postgres.URL("postgres"),
		"HOLDFAST_TEST_REDIS_URL="+s.redis.URL(),
		"HOLDFAST_TEST_TEMPORAL_ADDRESS="+s.temporal.Address(),
		"HOLDFAST_TEST_TEMPORAL_UI="+s.temporal.UIURL(),
	)
}

// runCommand stays in the terminal's foreground group, so that a Ctrl-C reaches the
// command as well; a signal that only this process got is passed on.
func runCommand(ctx context.Context, command, env []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	err := cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return exitError(max(1, failed.ExitCode()))
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", command[0], err)
	}
	return nil
}
