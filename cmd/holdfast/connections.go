package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
)

// newConnectionsCommand makes the commands that administer GitHub credentials.
func newConnectionsCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "connections", Short: "List, add, change, check and delete GitHub credentials",
		Long: "What is secret is read from files, and - is standard input: an argument could be seen by everybody on the machine. " +
			"All but list and show need a token with the role admin.",
	}
	cmd.AddCommand(newConnectionsListCommand(p), newConnectionsShowCommand(p), newConnectionsCreateCommand(p), newConnectionsUpdateCommand(p),
		newConnectionsDeleteCommand(p), newConnectionsCheckCommand(p))
	return cmd
}

func newConnectionsListCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List all, by name", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			all, err := c.Connections(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]any{"connections": all})
			}
			return writeConnections(p.stdout, all)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newConnectionsShowCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show NAME | ID", Short: "Show one", Args: cobra.ExactArgs(1),
		RunE: withConnection(p, func(_ *cobra.Command, _ *client.Client, one client.Connection) error {
			if asJSON {
				return writeJSON(p.stdout, one)
			}
			return writeConnection(p.stdout, one)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newConnectionsDeleteCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "delete NAME | ID", Short: "Forget a credential; on GitHub it stays valid until it is revoked there", Args: cobra.ExactArgs(1),
		RunE: withConnection(p, func(cmd *cobra.Command, c *client.Client, one client.Connection) error {
			if err := c.DeleteConnection(cmd.Context(), one.ID); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]string{"id": one.ID, "name": one.Name, "done": "deleted"})
			}
			fmt.Fprintf(p.stderr, "The connection %s was deleted.\n", one.Name)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newConnectionsCheckCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check NAME | ID", Short: "Ask GitHub whose it is, what it may read and what is left of its limits",
		Long: "Exits with 0 when GitHub accepts the credential, and with 1 and the reason when it does not or cannot be asked.",
		Args: cobra.ExactArgs(1),
		RunE: withConnection(p, func(cmd *cobra.Command, c *client.Client, one client.Connection) error {
			check, err := c.CheckConnection(cmd.Context(), one.ID)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(p.stdout, check)
			} else {
				err = writeCheck(p.stdout, check)
			}
			if err == nil && check.State != "ok" {
				err = fmt.Errorf("the connection %s is %s: %s", one.Name, check.State, check.Reason)
			}
			return err
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// withConnection runs a command on the connection that its argument names.
func withConnection(p process, run func(*cobra.Command, *client.Client, client.Connection) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := newClient(p)
		if err != nil {
			return err
		}
		one, err := c.FindConnection(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return run(cmd, c, one)
	}
}

func writeConnections(w io.Writer, all []client.Connection) error {
	rows := [][]string{{"NAME", "KIND", "STATE", "LOGIN", "REPOSITORIES", "RESERVE", "ID"}}
	for _, c := range all {
		rows = append(rows, []string{c.Name, c.Kind, c.State, c.Login, repositoriesOf(c), reserveOf(c.Reserve), c.ID})
	}
	return writeTable(w, rows)
}

func writeConnection(w io.Writer, c client.Connection) error {
	rows := [][]string{
		{"name", c.Name},
		{"id", c.ID},
		{"kind", c.Kind},
		{"source", c.Source},
		{"base URL", c.BaseURL},
		{"repositories", repositoriesOf(c)},
		{"reserve", reserveOf(c.Reserve)},
	}
	if c.AppID != 0 {
		rows = append(rows, []string{"App", fmt.Sprintf("%d, installation %d", c.AppID, c.InstallationID)})
	}
	if c.InFlight != 0 {
		rows = append(rows, []string{"in flight", fmt.Sprintf("at most %d", c.InFlight)})
	}
	if c.Webhook != nil {
		rows = append(rows, []string{"webhook", strings.TrimSpace(c.Webhook.Hook + map[bool]string{true: " with a secret"}[c.Webhook.HasSecret])})
	}
	if c.Account != "" {
		rows = append(rows, []string{"account", strings.TrimSpace(c.Login + " " + c.Account)})
	}
	rows = append(rows, []string{"state", strings.TrimSpace(c.State + " " + c.StateReason)})
	if c.CheckedAt != nil {
		rows = append(rows, []string{"checked", utc(*c.CheckedAt)})
	}
	return writeTable(w, rows)
}

// writeCheck prints what GitHub says of a credential.
func writeCheck(w io.Writer, c client.ConnectionCheck) error {
	rows := [][]string{{"state", strings.TrimSpace(c.State + " " + c.Reason)}}
	if c.Account != "" {
		rows = append(rows, []string{"account", strings.TrimSpace(c.Login + " " + c.Account)})
	}
	if c.App != "" {
		rows = append(rows, []string{"App", c.App})
	}
	if c.ScopesKnown {
		rows = append(rows, []string{"scopes", strings.Join(c.Scopes, ", ")})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Permissions)) {
		rows = append(rows, []string{"permission", name + ": " + c.Permissions[name]})
	}
	if c.Repositories != nil {
		rows = append(rows, []string{"repositories", fmt.Sprintf("%d, %s", *c.Repositories, c.RepositorySelection)})
	}
	if c.ExpiresAt != nil {
		rows = append(rows, []string{"expires", utc(*c.ExpiresAt)})
	}
	for _, r := range c.Limits {
		rows = append(rows, []string{"limit", rateOf(r)})
	}
	for _, u := range c.Unreadable {
		rows = append(rows, []string{"cannot read", u.Collection + ": " + u.Reason})
	}
	for _, note := range c.Notes {
		rows = append(rows, []string{"note", note})
	}
	return writeTable(w, rows)
}

func repositoriesOf(c client.Connection) string {
	if len(c.Repositories) == 0 {
		return "all"
	}
	return strings.Join(c.Repositories, ",")
}

func reserveOf(r *client.Reserve) string {
	switch {
	case r != nil && r.Percent != nil:
		return fmt.Sprintf("%g%%", *r.Percent)
	case r != nil && r.Requests != nil:
		return strconv.FormatInt(*r.Requests, 10)
	default:
		return "none"
	}
}

func rateOf(r client.Rate) string {
	text := fmt.Sprintf("%s: %d of %d left", r.Resource, r.Remaining, r.Limit)
	if r.ResetAt != nil {
		text += " until " + utc(*r.ResetAt)
	}
	return text
}

func utc(t time.Time) string { return t.UTC().Format(time.DateTime + "Z") }

// writeTable prints rows with their columns in line.
func writeTable(w io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print a table: %w", err)
	}
	return nil
}

// writeJSON prints v for programs.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}
