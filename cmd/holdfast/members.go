package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/client"
)

// newMembersCommand makes the commands that administer whom the workspace lets in.
func newMembersCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "members", Short: "List, add, change, invite and remove people",
		Long: "People sign in with the code of an invitation (`holdfast login`). These commands need the role admin.",
	}
	cmd.AddCommand(newMembersListCommand(p), newMembersAddCommand(p), newMembersChangeCommand(p), newMembersInviteCommand(p), newMembersRemoveCommand(p))
	return cmd
}

// seen words the patterns of what may be seen.
func seen(patterns []string) string {
	if len(patterns) == 0 {
		return "all"
	}
	return strings.Join(patterns, ",")
}

func newMembersListCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the members, by login", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			members, err := c.Members(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]any{"members": members})
			}
			return writeMembers(p.stdout, members)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeMembers(w io.Writer, members []client.Member) error {
	rows := [][]string{{"LOGIN", "NAME", "ROLE", "REPOSITORIES", "SINCE", "ID"}}
	for _, m := range members {
		rows = append(rows, []string{m.Login, m.Name, m.Role, seen(m.Repositories), m.CreatedAt.UTC().Format(time.RFC3339), m.ID})
	}
	return writeTable(w, rows)
}

func newMembersAddCommand(p process) *cobra.Command {
	var r client.MemberRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add LOGIN", Short: "Let a person in, and print the code by which they sign in",
		Long: "Prints the code, and nothing else, on standard output. It is shown this once, and good once, for a day.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			r.Login = args[0]
			m, err := c.AddMember(cmd.Context(), r)
			if err != nil {
				return err
			}
			made, err := c.InviteMember(cmd.Context(), m.ID)
			if err != nil {
				return fmt.Errorf("%s is a member now, without a code: %w", m.Login, err)
			}
			return writeInvitation(p, made, asJSON)
		},
	}
	cmd.Flags().StringVar(&r.Role, "role", string(auth.RoleReader), "what the person may do: reader, operator or admin")
	cmd.Flags().StringSliceVar(&r.Repositories, "repositories", nil, "what the person may see, as `patterns` owner/name with *; all without it")
	cmd.Flags().StringVar(&r.Name, "name", "", "the person's name")
	cmd.Flags().StringVar(&r.Email, "email", "", "the person's address")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the member and the code as JSON")
	return cmd
}

func writeInvitation(p process, made client.Invitation, asJSON bool) error {
	if asJSON {
		return writeJSON(p.stdout, made)
	}
	fmt.Fprintln(p.stdout, made.Code)
	fmt.Fprintf(p.stderr, "The code is for %s, good once, until %s. They give it to `holdfast login`.\n", made.Member.Login, made.ExpiresAt.UTC().Format(time.RFC3339))
	return nil
}

// withMember runs a command about the member that its argument names.
func withMember(p process, do func(*cobra.Command, *client.Client, client.Member) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := newClient(p)
		if err != nil {
			return err
		}
		members, err := c.Members(cmd.Context())
		if err != nil {
			return err
		}
		for _, m := range members {
			if m.ID == args[0] || strings.EqualFold(m.Login, args[0]) {
				return do(cmd, c, m)
			}
		}
		return fmt.Errorf("there is no member %q; `holdfast members list` lists them", args[0])
	}
}

func newMembersChangeCommand(p process) *cobra.Command {
	var role string
	var repositories []string
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "change LOGIN | ID", Short: "Change what a member may do; what is left out stays as it is", Args: cobra.ExactArgs(1),
		RunE: withMember(p, func(cmd *cobra.Command, c *client.Client, m client.Member) error {
			var change client.MemberChange
			if role != "" {
				change.Role = &role
			}
			switch {
			case all:
				change.Repositories = &[]string{}
			case len(repositories) > 0:
				change.Repositories = &repositories
			}
			after, err := c.ChangeMember(cmd.Context(), m.ID, change)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, after)
			}
			return writeMembers(p.stdout, []client.Member{after})
		}),
	}
	cmd.Flags().StringVar(&role, "role", "", "what the person may do: reader, operator or admin")
	cmd.Flags().StringSliceVar(&repositories, "repositories", nil, "what the person may see, as `patterns` owner/name with *")
	cmd.Flags().BoolVar(&all, "all-repositories", false, "the person may see all of the workspace")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the member as JSON")
	cmd.MarkFlagsMutuallyExclusive("repositories", "all-repositories")
	cmd.MarkFlagsOneRequired("role", "repositories", "all-repositories")
	return cmd
}

func newMembersInviteCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "invite LOGIN | ID", Short: "Print a new code by which a member signs in",
		Long: "Prints the code, and nothing else, on standard output. An earlier code of the member is good no more.",
		Args: cobra.ExactArgs(1),
		RunE: withMember(p, func(cmd *cobra.Command, c *client.Client, m client.Member) error {
			made, err := c.InviteMember(cmd.Context(), m.ID)
			if err != nil {
				return err
			}
			return writeInvitation(p, made, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the member and the code as JSON")
	return cmd
}

func newMembersRemoveCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "remove LOGIN | ID", Short: "Let a person in no more; their sessions end", Args: cobra.ExactArgs(1),
		RunE: withMember(p, func(cmd *cobra.Command, c *client.Client, m client.Member) error {
			if err := c.RemoveMember(cmd.Context(), m.ID); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]string{"id": m.ID, "login": m.Login, "done": "removed"})
			}
			fmt.Fprintf(p.stderr, "%s is let in no more. Keys that they made stay: `holdfast keys list` shows them.\n", m.Login)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
