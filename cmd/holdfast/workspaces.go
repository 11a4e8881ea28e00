package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
)

// newWorkspacesCommand makes the commands about all workspaces.
func newWorkspacesCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "workspaces", Short: "List and make workspaces",
		Long: "They need the role admin in the installation's first workspace.",
	}
	cmd.AddCommand(newWorkspacesListCommand(p), newWorkspacesCreateCommand(p))
	return cmd
}

func newWorkspacesListCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the workspaces, by name", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			all, err := c.Workspaces(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]any{"workspaces": all})
			}
			rows := [][]string{{"NAME", "CREATED", "ID"}}
			for _, w := range all {
				rows = append(rows, []string{w.Name, w.CreatedAt.UTC().Format(time.RFC3339), w.ID})
			}
			return writeTable(p.stdout, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newWorkspacesCreateCommand(p process) *cobra.Command {
	var r client.WorkspaceRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a workspace, and print the code by which its first administrator signs in",
		Long: "Prints the code, and nothing else, on standard output. It is shown this once, and good once, for a day.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			r.Name = args[0]
			made, err := c.CreateWorkspace(cmd.Context(), r)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, made)
			}
			fmt.Fprintf(p.stderr, "The workspace %s was made: %s\n", made.Name, made.ID)
			return writeInvitation(p, made.Invitation, false)
		},
	}
	cmd.Flags().StringVar(&r.Admin.Login, "admin", "", "the `login` of its first administrator")
	cmd.Flags().StringVar(&r.Admin.Name, "admin-name", "", "the administrator's name")
	cmd.Flags().StringVar(&r.Admin.Email, "admin-email", "", "the administrator's address")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the workspace and the code as JSON")
	if err := cmd.MarkFlagRequired("admin"); err != nil {
		panic(err) // the flag is there
	}
	return cmd
}
