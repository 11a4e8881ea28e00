package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// steering is a command that asks something of one operation.
type steering struct {
	verb, short, long string
	ask               func(ctx context.Context, c *client.Client, id string) (operation.Operation, error)
}

// newSteerCommands are the commands that are about one operation.
func newSteerCommands(p process) []*cobra.Command {
	var reason, key string
	plain := func(ask func(*client.Client, context.Context, string) (operation.Operation, error)) func(context.Context, *client.Client, string) (operation.Operation, error) {
		return func(ctx context.Context, c *client.Client, id string) (operation.Operation, error) {
			return ask(c, ctx, id)
		}
	}
	show := newSteerCommand(p, steering{"show", "Show one operation", "", plain((*client.Client).Operation)})
	cancel := newSteerCommand(p, steering{"cancel", "Stop an operation", "No page is committed after that; what was mirrored before stays.", plain((*client.Client).Cancel)})
	pause := newSteerCommand(p, steering{"pause", "Have an operation wait until it is resumed", "No page is committed after that, also while no worker runs; its parts wait with it.", plain((*client.Client).Pause)})
	resume := newSteerCommand(p, steering{"resume", "Let a paused operation go on", "", plain((*client.Client).Resume)})
	approve := newSteerCommand(p, steering{"approve", "Let an operation begin that awaits approval", "", plain((*client.Client).Approve)})
	reject := newSteerCommand(p, steering{"reject", "End an operation that awaits approval", "", func(ctx context.Context, c *client.Client, id string) (operation.Operation, error) {
		return c.Reject(ctx, id, reason)
	}})
	reject.Flags().StringVar(&reason, "reason", "", "why, for people")
	retry := newSteerCommand(p, steering{
		"retry", "Repeat an operation that failed, was cancelled or was rejected", "Starts a new operation and prints its id.",
		func(ctx context.Context, c *client.Client, id string) (operation.Operation, error) {
			return c.Retry(ctx, id, key)
		},
	})
	retry.Flags().StringVar(&key, "idempotency-key", "", "the same key again answers with the same operation")
	return []*cobra.Command{show, cancel, pause, resume, approve, reject, retry}
}

func newSteerCommand(p process, s steering) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: s.verb + " ID", Short: s.short, Long: s.long, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			op, err := s.ask(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, progress.FromOperation(op))
			}
			if op.ID != args[0] {
				fmt.Fprintln(p.stdout, op.ID)
				fmt.Fprintf(p.stderr, "%s is repeated. Follow it with: holdfast watch %s\n", op.Subject, op.ID)
				return nil
			}
			return writeOperations(p.stdout, []operation.Operation{op})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
