package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/dev/internal/report"
	"github.com/holdfast/holdfast/dev/internal/source"
	"github.com/holdfast/holdfast/dev/internal/temporalserver"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// demoOptions are what the demo was asked for.
type demoOptions struct {
	binary string // the holdfast executable
	source source.Options
	json   bool
	stdout *os.File
	stderr *os.File
}

func demoCommand() *cobra.Command {
	o := demoOptions{source: source.ReadOptions(os.Getenv), json: isTrue(os.Getenv("JSON")), stdout: os.Stdout, stderr: os.Stderr}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "mirror a repository, show it happen, and leave nothing behind",
		Long: `Starts everything that Holdfast needs, mirrors one repository, prints what became of
it and stops everything.

  (nothing set)     a generated repository on a simulated GitHub
  ARCHIVE=PATH      an archived repository on a simulated GitHub; COMMITS and REFS likewise
  REPO=OWNER/NAME   a repository on GitHub; GITHUB_TOKEN and GITHUB_API_URL are optional
  JSON=1            the result as JSON on standard output, everything else on standard error`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkBinary(o.binary); err != nil {
				return err
			}
			return runDemo(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.binary, "holdfast", defaultBinary(), "the holdfast `executable`")
	cmd.Flags().IntVar(&o.source.Items, "items", o.source.Items, "how many `items` to generate")
	cmd.Flags().Uint64Var(&o.source.Seed, "seed", o.source.Seed, "what to generate from")
	return cmd
}

// demo is a running demonstration.
type demo struct {
	options demoOptions
	out     *os.File // for people
	source  source.Source
	stack   *stack
	product *product.Product
	api     *product.API
	worker  *localservice.Process
}

func runDemo(ctx context.Context, o demoOptions) (err error) {
	d := &demo{options: o, out: o.stdout}
	if o.json {
		d.out = o.stderr
	}
	if d.source, err = source.Open(ctx, o.source); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.source.Close()) }()
	dir, err := localservice.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	defer func() { err = errors.Join(err, d.stop()) }()
	fmt.Fprintf(d.out, "Holdfast mirrors %s %s.\n", d.source.Repository(), d.source.Describe())
	if err := d.start(ctx, dir.Path); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "Temporal's Web UI, while this runs: %s\n\n", d.stack.temporal.UIURL())
	op, err := d.sync(ctx)
	if err != nil {
		return err
	}
	return d.report(ctx, op)
}

// start starts the services, then Holdfast's own processes as a user would.
func (d *demo) start(ctx context.Context, dir string) (err error) {
	log := slog.New(slog.NewTextHandler(d.options.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if d.stack, err = startStack(ctx, stackOptions{dir: dir, log: log}); err != nil {
		return err
	}
	d.product = product.New(product.Options{
		Binary: d.options.binary, Dir: dir,
		DatabaseURL: d.stack.postgres.URL("postgres"), RedisURL: d.stack.redis.URL(),
		TemporalAddress: d.stack.temporal.Address(), TemporalNamespace: temporalserver.Namespace,
		GitHubURL: d.source.APIURL(), GitHubToken: d.source.Token(), PrivateKey: product.NewPrivateKey(),
	})
	if err := d.product.Migrate(ctx); err != nil {
		return err
	}
	if d.worker, err = d.product.StartWorker("worker"); err != nil {
		return err
	}
	d.api, err = d.product.StartAPI(ctx, "api", 0)
	return err
}

// sync starts the sync over the API and follows it over the stream to its end.
func (d *demo) sync(ctx context.Context) (operation.Operation, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, p := range []*localservice.Process{d.api.Process, d.worker, d.stack.postgres.Process()} {
		go func() {
			select {
			case <-p.Done():
				cancel(p.Err())
			case <-ctx.Done():
			}
		}()
	}
	token, err := d.product.Token(ctx, "operator")
	if err != nil {
		return operation.Operation{}, err
	}
	c, err := client.New(d.api.URL, token, nil)
	if err != nil {
		return operation.Operation{}, err
	}
	started, err := c.StartSync(ctx, client.SyncRequest{Repository: d.source.Repository()})
	if err != nil {
		return operation.Operation{}, err
	}
	bars := client.NewRenderer(d.out, isTerminal(d.out))
	op, err := c.Watch(ctx, started.ID, -1, func(op operation.Operation, _ progress.Message) error {
		bars.Render(op)
		return nil
	})
	bars.Close()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return op, err
}

// report counts both sides and prints the result. A sync that failed or a mirror
// that differs is the demo's failure.
func (d *demo) report(ctx context.Context, op operation.Operation) error {
	pool, err := pgxpool.New(ctx, d.stack.postgres.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the mirror: %w", err)
	}
	defer pool.Close()
	counts, err := d.source.Count(ctx, pool)
	if err != nil {
		return err
	}
	r := report.New(op, d.source, counts, d.stack.temporal.UIURL())
	fmt.Fprintln(d.out)
	if err := r.WriteTable(d.out); err != nil {
		return err
	}
	if op.State == operation.StateSucceeded {
		if err := report.ShowQueries(ctx, d.out, pool); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.out, "\nTemporal UI: %s\n", r.TemporalUI)
	if d.options.json {
		if err := r.WriteJSON(d.options.stdout); err != nil {
			return err
		}
	}
	if op.State != operation.StateSucceeded {
		return fmt.Errorf("the sync of %s ended as %s: %s%s", r.Repository, op.State, r.Failure, d.worker.LogTail(20))
	}
	if difference, differs := r.Differs(); differs {
		return fmt.Errorf("the mirror is not equal to the source: %s", difference)
	}
	return nil
}

// stop ends Holdfast's processes first, at once since neither needs the other, then
// what they run on.
func (d *demo) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var group errgroup.Group
	if d.api != nil {
		group.Go(func() error { return d.api.Process.Stop(ctx) })
	}
	if d.worker != nil {
		group.Go(func() error { return d.worker.Stop(ctx) })
	}
	err := group.Wait()
	if d.stack != nil {
		err = errors.Join(err, d.stack.stop())
	}
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func isTrue(value string) bool { return value != "" && value != "0" && value != "false" }

// defaultBinary stands beside this one: make builds both into bin/.
func defaultBinary() string {
	self, err := os.Executable()
	if err != nil {
		return "holdfast"
	}
	return filepath.Join(filepath.Dir(self), "holdfast")
}

func checkBinary(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no holdfast at %s: run `make build`, or say where with --holdfast", path)
	}
	return nil
}
