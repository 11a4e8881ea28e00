package main

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
)

func newAuditCommand(p process) *cobra.Command {
	var f client.AuditFilter
	var asJSON bool
	cmd := &cobra.Command{
		Use: "audit", Short: "Tell who asked for which change, and from where, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			events, next, err := c.Audit(cmd.Context(), f)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, struct {
					Events     []client.AuditEvent `json:"events"`
					NextCursor string              `json:"next_cursor,omitempty"`
				}{events, next})
			}
			return writeAudit(p.stdout, events)
		},
	}
	cmd.Flags().StringVar(&f.Subject, "subject", "", "only what this `subject` asked for")
	cmd.Flags().StringVar(&f.Action, "action", "", "only this `method and route`, such as \"POST /v1/syncs\"")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "how many, at most 100")
	cmd.Flags().StringVar(&f.Cursor, "cursor", "", "go on from the next_cursor of a page in JSON")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeAudit(w io.Writer, events []client.AuditEvent) error {
	rows := [][]string{{"AT", "WHO", "WHAT", "ANSWER", "FROM"}}
	for _, e := range events {
		who, answer := e.Subject, strconv.Itoa(e.Status)
		switch {
		case e.Refused != "":
			who, answer = "(nobody)", e.Refused
		case e.Status == 0:
			answer = "none"
		case e.Location != "":
			answer += " " + e.Location
		}
		rows = append(rows, []string{timeOr(&e.At, ""), who, e.Action + pathBeside(e), answer, e.Remote})
	}
	return writeTable(w, rows)
}

// pathBeside is the path where it says more than the action.
func pathBeside(e client.AuditEvent) string {
	if e.Action[len(e.Action)-min(len(e.Path), len(e.Action)):] == e.Path {
		return ""
	}
	return "  " + e.Path
}
