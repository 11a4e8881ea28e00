package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/dev/internal/source"
	"github.com/holdfast/holdfast/dev/internal/temporalserver"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/secret"
)

// database holds the product's tables.
const database = "holdfast"

// upOptions are what the stack was asked for.
type upOptions struct {
	binary string // the holdfast executable
	dir    string // data and logs
	source source.Options
	ports  ports
	out    io.Writer
	log    *slog.Logger
}

// ports are the preferred ones; another is chosen for one that is in use.
type ports struct{ api, simulator, postgres, redis, temporal, ui int }

func upCommand() *cobra.Command {
	o := upOptions{
		source: source.ReadOptions(os.Getenv), out: os.Stdout,
		ports: ports{api: 8080, simulator: 8090, postgres: 5433, redis: 6380, temporal: 7233, ui: 8233},
		log:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "run the whole stack until Ctrl-C, and keep its data",
		Long: `Runs Temporal with its Web UI, Postgres, Redis, a simulated GitHub and Holdfast until
Ctrl-C. Data and logs stay in .holdfast/. ARCHIVE, COMMITS, REFS, REPO, GITHUB_TOKEN and
GITHUB_API_URL choose another GitHub, as for the demo.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkBinary(o.binary); err != nil {
				return err
			}
			return runUp(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.binary, "holdfast", defaultBinary(), "the holdfast `executable`")
	cmd.Flags().StringVar(&o.dir, "dir", ".holdfast", "the `directory` for data and logs")
	return cmd
}

func runUp(ctx context.Context, o upOptions) (err error) {
	dir, err := localservice.LockDir(o.dir)
	if errors.Is(err, localservice.ErrLocked) {
		return fmt.Errorf("another `make dev` is using %s: stop it first", o.dir)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Unlock()) }()
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	u := &up{options: o}
	defer func() { err = errors.Join(err, u.stop()) }()
	if err := u.start(ctx); err != nil {
		return err
	}
	if err := u.announce(ctx); err != nil {
		return err
	}
	err = u.wait(ctx)
	if err == nil {
		fmt.Fprintln(o.out, "\nStopping. The data stays in "+o.dir)
	}
	return err
}

// up is the running stack.
type up struct {
	options upOptions
	source  source.Source
	stack   *stack
	product *product.Product
	api     *product.API
}

func (u *up) start(ctx context.Context) (err error) {
	o := u.options
	for name, port := range map[string]*int{
		"the API": &o.ports.api, "the simulated GitHub": &o.ports.simulator, "Postgres": &o.ports.postgres,
		"Redis": &o.ports.redis, "Temporal": &o.ports.temporal, "the Temporal UI": &o.ports.ui,
	} {
		if err := choosePort(ctx, name, port, o.log); err != nil {
			return err
		}
	}
	o.source.Port = o.ports.simulator
	if u.source, err = source.Open(ctx, o.source); err != nil {
		return err
	}
	u.stack, err = startStack(ctx, stackOptions{
		dir: o.dir, keep: true, log: o.log,
		postgresPort: o.ports.postgres, redisPort: o.ports.redis, temporalPort: o.ports.temporal, uiPort: o.ports.ui,
	})
	if err != nil {
		return err
	}
	if err := u.stack.postgres.CreateDatabase(ctx, database); err != nil {
		return err
	}
	key, err := kept(filepath.Join(o.dir, "jwt.key"), func() (string, error) { return product.NewPrivateKey(), nil })
	if err != nil {
		return err
	}
	keyset, err := kept(filepath.Join(o.dir, "secrets.keyset"), newKeyset)
	if err != nil {
		return err
	}
	u.product = product.New(product.Options{
		Binary: o.binary, Dir: o.dir,
		DatabaseURL: u.stack.postgres.URL(database), RedisURL: u.stack.redis.URL(),
		TemporalAddress: u.stack.temporal.Address(), TemporalNamespace: temporalserver.Namespace,
		GitHubURL: u.source.APIURL(), GitHubToken: u.source.Token(), PrivateKey: key,
		Env: []string{"HOLDFAST_SECRETS_KEYSET=" + keyset},
	})
	if err := u.product.Migrate(ctx); err != nil {
		return err
	}
	u.api, err = u.product.StartAPI(ctx, "all", o.ports.api)
	return err
}

// announce prints where everything is.
func (u *up) announce(ctx context.Context) error {
	token, err := u.product.Token(ctx, "admin")
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(u.options.out, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"API", u.api.URL},
		{"API documentation", u.api.URL + "/docs"},
		{"Temporal UI", u.stack.temporal.UIURL()},
		{"Temporal", u.stack.temporal.Address()},
		{"Postgres", u.stack.postgres.URL(database)},
		{"Redis", u.stack.redis.URL()},
		{"GitHub", u.source.APIURL() + " with " + u.source.Repository()},
		{"Logs", filepath.Join(u.options.dir, "*.log")},
		{"Admin token, for a day", token},
	} {
		fmt.Fprintf(t, "%s\t%s\n", line[0], line[1])
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the addresses: %w", err)
	}
	fmt.Fprintf(u.options.out, "\nTry, with that token in HOLDFAST_TOKEN:\n  HOLDFAST_API_URL=%s %s sync %s --watch\n\nCtrl-C stops all of it.\n",
		u.api.URL, u.options.binary, u.source.Repository())
	return nil
}

// wait returns when the user has enough, or with an error when a process ends.
func (u *up) wait(ctx context.Context) error {
	var redis <-chan struct{} // miniredis lives in this process
	if u.stack.redis.Real() {
		redis = u.stack.redis.Process().Done()
	}
	select {
	case <-ctx.Done():
		return nil
	case <-u.api.Process.Done():
		return u.api.Process.Err()
	case <-u.stack.postgres.Process().Done():
		return u.stack.postgres.Process().Err()
	case <-redis:
		return u.stack.redis.Process().Err()
	}
}

func (u *up) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var errs []error
	if u.api != nil {
		errs = append(errs, u.api.Process.Stop(ctx))
	}
	if u.source != nil {
		errs = append(errs, u.source.Close())
	}
	if u.stack != nil {
		errs = append(errs, u.stack.stop())
	}
	return errors.Join(errs...)
}

// choosePort replaces a port that is in use and says so. It waits a moment first:
// the processes of a run that was killed just now may still be ending.
func choosePort(ctx context.Context, name string, port *int, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !localservice.PortFree(*port) {
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		free, err := localservice.FreePort()
		if err != nil {
			return err
		}
		log.WarnContext(ctx, "a port is in use, another was chosen", "for", name, "in_use", *port, "chosen", free)
		*port = free
		return nil
	}
	return nil
}

// kept is what is in a file that only its owner may read, and that fresh fills if there
// is none or nothing in it.
func kept(path string, fresh func() (string, error)) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read what is kept: %w", err)
	}
	if old := strings.TrimSpace(string(text)); old != "" {
		return old, nil
	}
	made, err := fresh()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(path, []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep what was made: %w", err)
	}
	return made, nil
}

// newKeyset is one that connections' secrets are encrypted with.
func newKeyset() (string, error) {
	keys, err := secret.New()
	if err != nil {
		return "", err
	}
	return keys.Encode()
}
