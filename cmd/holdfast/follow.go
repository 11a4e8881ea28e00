package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/progress"
)

func newFollowCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "follow TOPIC…",
		Short: "Follow what happens: operations, changes, operation:ID, repository:NUMBER",
		Long: "Prints what happens while it does, a line each: all operations (operations), what changes in the mirror (changes), one operation (operation:ID), " +
			"or the operations and changes of one repository, by GitHub's number for it (repository:NUMBER). " +
			"A connection that drops is resumed where it was. It ends when every operation that is followed has, and otherwise when it is interrupted.",
		Args: cobra.RangeArgs(1, 100),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			return followTopics(cmd.Context(), p.stdout, c, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the messages of the stream as they are, one a line")
	return cmd
}

func followTopics(ctx context.Context, out io.Writer, c *client.Client, topics []string, asJSON bool) error {
	return c.Follow(ctx, topics, func(u client.Update) error {
		if asJSON {
			_, err := fmt.Fprintf(out, "%s\n", u.Raw)
			return err
		}
		for _, line := range followed(u) {
			if _, err := fmt.Fprintf(out, "%s  %s\n", u.Topic, line); err != nil {
				return err
			}
		}
		return nil
	})
}

// followed is a message in lines for people.
func followed(u client.Update) (lines []string) {
	switch u.Type {
	case progress.UpdateSnapshot:
		if u.Reset {
			lines = append(lines, "some of what happened is not kept any more; this is how it stands")
		}
		if u.Operation != nil {
			lines = append(lines, standing(*u.Operation))
		}
		for _, op := range u.Operations {
			lines = append(lines, standing(op))
		}
	case progress.UpdateState:
		if u.Operation != nil {
			lines = append(lines, standing(*u.Operation))
		}
	case progress.UpdateCollection:
		if work := u.Collection; work != nil {
			lines = append(lines, fmt.Sprintf("%s  %s %s, %d of %d", u.OperationID, work.Name, work.State, work.Items, max(work.Total, work.Items)))
		}
	case progress.UpdateChange:
		if c := u.Change; c != nil {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s",
				cmp.Or(c.Repository, strconv.FormatInt(c.RepositoryID, 10)), c.Collection, c.Key, c.Kind, strings.Join(c.Fields, ","))))
		}
	case progress.UpdateEnded:
		lines = append(lines, "the operation has ended")
	default: // nothing that people wait for
	}
	return lines
}

// standing is how an operation stands, in one line.
func standing(op progress.Operation) string {
	line := fmt.Sprintf("%s  %s %s", op.ID, op.Subject, op.State)
	if op.Waiting != nil {
		line += ", waits: " + op.Waiting.Reason
	}
	if op.Failure != nil {
		line += ": " + op.Failure.Message
	}
	return line
}
