package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// defaultAPIURL is where the client commands look for the API unless
// HOLDFAST_API_URL says otherwise.
const defaultAPIURL = "http://localhost:8080"

// newClientCommands are the commands that talk to a running API, or make the
// tokens to do so.
func newClientCommands(p process) []*cobra.Command {
	return []*cobra.Command{newSyncCommand(p), newOperationsCommand(p), newWatchCommand(p), newFollowCommand(p), newConnectionsCommand(p), newBudgetsCommand(p), newSchedulesCommand(p), newKeysCommand(p), newMembersCommand(p), newWorkspacesCommand(p), newAuditCommand(p), newTokenCommand(p), newAdminCommand(p)}
}

// newClient makes the API's client that the environment describes: with its token, or with
// the session that login began.
func newClient(p process) (*client.Client, error) {
	token := p.env.Get("HOLDFAST_TOKEN")
	if token == "" {
		return sessionClient(p)
	}
	c, err := client.New(apiURL(p), token, nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("HOLDFAST_API_URL: %w", err)}
	}
	return c, nil
}

func newSyncCommand(p process) *cobra.Command {
	var request client.SyncRequest
	var follow, approval, asJSON bool
	cmd := &cobra.Command{
		Use:   "sync owner/name | organization",
		Short: "Mirror a repository, or an organization and its repositories, now",
		Long: "Starts a sync of a repository, or without a slash of an organization and its repositories, and prints its operation's id. " +
			"With --watch it follows the operation to its end. Patterns are held against the repositories' names without the owner, in any case: " +
			"* stands for any characters, ? for one, [a-z] for one of a range.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			for name, given := range map[string][]string{"collections": request.Collections, "include": request.Include, "exclude": request.Exclude} {
				if cmd.Flags().Changed(name) && len(given) == 0 {
					return fmt.Errorf("--%s has nothing in it; leave it out", name)
				}
			}
			if strings.Contains(args[0], "/") {
				request.Repository = args[0]
			} else {
				request.Organization = args[0]
			}
			if approval {
				request.Approval = operation.ApprovalRequired
			}
			op, err := c.StartSync(cmd.Context(), request)
			if err != nil {
				return err
			}
			return started(cmd.Context(), p, c, op, follow, asJSON)
		},
	}
	cmd.Flags().BoolVarP(&follow, "watch", "w", false, "show its progress and wait for its end")
	cmd.Flags().BoolVar(&request.Full, "full", false, "compare with all that GitHub has, and repair what differs")
	cmd.Flags().StringSliceVar(&request.Collections, "collections", nil, "only these collections or presets (core, all), separated by commas")
	cmd.Flags().StringSliceVar(&request.Include, "include", nil, "only repositories of the organization that match one of these patterns, separated by commas")
	cmd.Flags().StringSliceVar(&request.Exclude, "exclude", nil, "no repositories of the organization that match one of these patterns")
	cmd.Flags().BoolVar(&request.Archived, "archived", false, "archived repositories of the organization as well")
	cmd.Flags().BoolVar(&request.Forks, "forks", false, "forks of the organization as well")
	cmd.Flags().StringVar((*string)(&request.Lane), "lane", "", "how urgent it is: interactive, incremental or backfill (the default)")
	cmd.Flags().BoolVar(&approval, "approval", false, "plan it, and have somebody approve it before it begins")
	cmd.Flags().StringVar(&request.IdempotencyKey, "idempotency-key", "", "the same key again answers with the same operation")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the operation as JSON; with --watch whenever it changes, one a line")
	return cmd
}

// started tells of a sync that has begun, and follows it if it shall.
func started(ctx context.Context, p process, c *client.Client, op operation.Operation, follow, asJSON bool) error {
	switch {
	case asJSON && follow:
		return watchJSON(ctx, p, c, op.ID)
	case asJSON:
		return writeJSON(p.stdout, progress.FromOperation(op))
	}
	fmt.Fprintln(p.stdout, op.ID)
	if follow {
		return watch(ctx, p, c, op.ID)
	}
	fmt.Fprintf(p.stderr, "The sync of %s has begun. Follow it with: holdfast watch %s\n", op.Subject, op.ID)
	return nil
}

func newWatchCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "watch ID",
		Short: "Follow an operation to its end",
		Long:  "Shows an operation's progress while it runs. Exits with 0 when it succeeded, and with 1 and the reason when it failed or was cancelled.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			if asJSON {
				return watchJSON(cmd.Context(), p, c, args[0])
			}
			return watch(cmd.Context(), p, c, args[0])
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the operation as JSON whenever it changes, one a line")
	return cmd
}

// watch shows an operation on stderr until it ends. Its error is why the operation
// did not succeed.
func watch(ctx context.Context, p process, c *client.Client, id string) error {
	renderer := client.NewRenderer(p.stderr, client.IsTerminal(p.stderr))
	op, err := c.Watch(ctx, id, -1, func(op operation.Operation, _ progress.Message) error {
		renderer.Render(op)
		return nil
	})
	renderer.Close()
	return endOf(ctx, id, op, err)
}

// watchJSON prints an operation whenever it changes until it ends, as watch does.
func watchJSON(ctx context.Context, p process, c *client.Client, id string) error {
	lines := json.NewEncoder(p.stdout)
	op, err := c.Watch(ctx, id, -1, func(op operation.Operation, _ progress.Message) error {
		return lines.Encode(progress.FromOperation(op))
	})
	return endOf(ctx, id, op, err)
}

// endOf is why an operation that was watched did not succeed, or was not watched to its end.
func endOf(ctx context.Context, id string, op operation.Operation, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped watching; operation %s goes on", id)
	case err != nil:
		return err
	case op.State == operation.StateSucceeded:
		return nil
	case op.Failure != nil:
		return fmt.Errorf("operation %s %s: %s", id, op.State, op.Failure.Message)
	default:
		return fmt.Errorf("operation %s was %s", id, op.State)
	}
}

func newOperationsCommand(p process) *cobra.Command {
	var f operation.Filter
	var states []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "operations",
		Short: "List operations, newest first, and steer them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			for _, state := range states {
				f.States = append(f.States, operation.State(state))
			}
			ops, next, err := c.Operations(cmd.Context(), f)
			if err != nil {
				return err
			}
			if asJSON {
				return writeOperationsJSON(p.stdout, ops, next)
			}
			if next != "" {
				defer fmt.Fprintf(p.stderr, "There are more: holdfast operations --cursor %s\n", next)
			}
			return writeOperations(p.stdout, ops)
		},
	}
	cmd.Flags().StringSliceVar(&states, "state", nil, "only operations in this state, or in one of these, separated by commas")
	cmd.Flags().StringVar((*string)(&f.Kind), "kind", "", "only operations of this kind")
	cmd.Flags().StringVar(&f.Subject, "subject", "", "only operations that work on this: owner/name, or an organization")
	cmd.Flags().StringVar(&f.Parent, "parent", "", "the operations of one organization's repositories, by the id of its operation")
	cmd.Flags().IntVar(&f.Limit, "limit", 20, "how many to list, 1 to 100")
	cmd.Flags().StringVar(&f.Cursor, "cursor", "", "where to go on")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(newSteerCommands(p)...)
	return cmd
}

// writeOperations prints operations as a table.
func writeOperations(w io.Writer, ops []operation.Operation) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tSUBJECT\tCREATED\tTOOK\tITEMS\tREQUESTS")
	for _, op := range ops {
		var items int64
		for _, c := range op.Collections {
			items += c.Items
		}
		took := ""
		if op.StartedAt != nil && op.FinishedAt != nil {
			took = op.FinishedAt.Sub(*op.StartedAt).Round(time.Second / 10).String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\n",
			op.ID, op.State, op.Subject, op.CreatedAt.UTC().Format(time.DateTime+"Z"), took, items, op.Requests())
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the operations: %w", err)
	}
	return nil
}

// writeOperationsJSON prints operations as the API's JSON.
func writeOperationsJSON(w io.Writer, ops []operation.Operation, next string) error {
	page := struct {
		Operations []progress.Operation `json:"operations"`
		NextCursor string               `json:"next_cursor,omitempty"`
	}{make([]progress.Operation, len(ops)), next}
	for i, op := range ops {
		page.Operations[i] = progress.FromOperation(op)
	}
	return writeJSON(w, page)
}

func newTokenCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Make tokens for the API"}
	cmd.AddCommand(newTokenCreateCommand(p))
	return cmd
}

func newTokenCreateCommand(p process) *cobra.Command {
	var g auth.Grant
	var role string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it",
		Long:  "Signs a token with HOLDFAST_JWT_PRIVATE_KEY and prints it, and nothing else, on standard output.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			encoded := p.env.Get("HOLDFAST_JWT_PRIVATE_KEY")
			if encoded == "" {
				return config.MustBeSet("HOLDFAST_JWT_PRIVATE_KEY", "the key that signs tokens, base64 of 32 bytes; `openssl rand -base64 32` makes one")
			}
			key, err := auth.ParsePrivateKey(encoded)
			if err != nil {
				return fmt.Errorf("HOLDFAST_JWT_PRIVATE_KEY: %w", err)
			}
			if g.Role = auth.Role(role); !g.Role.Valid() {
				return fmt.Errorf("--role %q is not one of %v", role, auth.Roles())
			}
			token, err := auth.NewIssuer(key, time.Now).Issue(g)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]string{"token": token})
			}
			fmt.Fprintln(p.stdout, token)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&role, "role", string(auth.RoleOperator), "what it allows: reader, operator or admin")
	cmd.Flags().DurationVar(&g.TTL, "ttl", 24*time.Hour, "how long it is valid")
	cmd.Flags().StringVar(&g.Subject, "subject", "cli", "whom it is for")
	cmd.Flags().StringVar(&g.WorkspaceID, "workspace", config.DefaultWorkspace, "the workspace that it opens, a UUID")
	return cmd
}
