package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// newKeysCommand makes the commands that administer the API's keys.
func newKeysCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "List, make and revoke keys of the API",
		Long: "A key is sent like a token, as HOLDFAST_TOKEN for these commands. They need the role admin.",
	}
	cmd.AddCommand(newKeysListCommand(p), newKeysCreateCommand(p), newKeysRevokeCommand(p))
	return cmd
}

func newKeysListCommand(p process) *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the keys, by name", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			keys, err := c.Keys(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]any{"keys": keys})
			}
			return writeKeys(p.stdout, keys, all)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the revoked ones")
	cmd.Flags().BoolVar(&all, "all", false, "those that were revoked as well")
	return cmd
}

func newKeysCreateCommand(p process) *cobra.Command {
	var r client.KeyRequest
	var ttl time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a key and print it",
		Long: "Prints the key, and nothing else, on standard output. It is shown this once.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			r.Name = args[0]
			if ttl != 0 {
				at := time.Now().Add(ttl).UTC()
				r.ExpiresAt = &at
			}
			made, err := c.CreateKey(cmd.Context(), r)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, made)
			}
			fmt.Fprintln(p.stdout, made.Secret)
			fmt.Fprintf(p.stderr, "The key %s was made: keep it like a password.\n", made.Name)
			return nil
		},
	}
	cmd.Flags().StringVar(&r.Role, "role", string(auth.RoleReader), "what it allows: reader, operator or admin")
	cmd.Flags().StringSliceVar(&r.Repositories, "repositories", nil, "what it may see, as `patterns` owner/name with *; all without it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the key and what is known of it as JSON")
	cmd.Flags().DurationVar(&ttl, "ttl", 0, "how long it is accepted; for ever without it")
	return cmd
}

func newKeysRevokeCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "revoke NAME | ID", Short: "Have a key be refused from now on", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			keys, err := c.Keys(cmd.Context())
			if err != nil {
				return err
			}
			for _, k := range keys {
				if k.ID == args[0] || k.Name == args[0] && k.RevokedAt == nil {
					if err := c.RevokeKey(cmd.Context(), k.ID); err != nil {
						return err
					}
					if asJSON {
						return writeJSON(p.stdout, map[string]string{"id": k.ID, "name": k.Name, "done": "revoked"})
					}
					fmt.Fprintf(p.stderr, "The key %s was revoked.\n", k.Name)
					return nil
				}
			}
			return fmt.Errorf("there is no key %q; `holdfast keys list` lists them", args[0])
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeKeys(w io.Writer, keys []client.Key, all bool) error {
	rows := [][]string{{"NAME", "KEY", "ROLE", "REPOSITORIES", "EXPIRES", "LAST USED", "ID"}}
	for _, k := range keys {
		expires := timeOr(k.ExpiresAt, "never")
		if k.RevokedAt != nil {
			expires = "revoked"
		}
		if all || k.RevokedAt == nil {
			seen := "all"
			if len(k.Repositories) > 0 {
				seen = strings.Join(k.Repositories, ",")
			}
			rows = append(rows, []string{k.Name, k.Hint + "…", k.Role, seen, expires, timeOr(k.LastUsedAt, "never"), k.ID})
		}
	}
	return writeTable(w, rows)
}

func timeOr(t *time.Time, otherwise string) string {
	if t == nil {
		return otherwise
	}
	return t.UTC().Format(time.RFC3339)
}

// firstKey is the name of the key that admin init makes.
const firstKey = "first-admin"

// newAdminCommand makes the commands that work on the database itself.
func newAdminCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "admin", Short: "Begin to administer an installation"}
	cmd.AddCommand(newAdminInitCommand(p))
	return cmd
}

func newAdminInitCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "init", Short: "Make the first key with the role admin and print it",
		Long: "Needs HOLDFAST_DATABASE_URL and a migrated database. It makes a key only while there is no key with the role admin, " +
			"and prints it, and nothing else, on standard output. It is shown this once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			address, err := databaseAddress(p)
			if err != nil {
				return err
			}
			pool, err := store.Open(cmd.Context(), address, "holdfast admin", 1)
			if err != nil {
				return err
			}
			defer pool.Close()
			s := store.New(pool)
			keys, err := s.APIKeys(cmd.Context(), config.DefaultWorkspace)
			if err != nil {
				return err
			}
			for _, k := range keys {
				if k.RevokedAt == nil && k.Role == string(auth.RoleAdmin) && len(k.Repositories) == 0 && (k.ExpiresAt == nil || k.ExpiresAt.After(time.Now())) {
					return fmt.Errorf("there is a key with the role admin already: %s (%s…)", k.Name, k.Hint)
				}
			}
			key := auth.NewAPIKey()
			_, err = s.CreateAPIKey(cmd.Context(), operation.NewAPIKey{
				ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace, Name: firstKey, Hash: key.Hash[:], Hint: key.Hint,
				Role: string(auth.RoleAdmin), CreatedBy: "admin init",
			})
			if operation.CodeOf(err) == operation.CodeConflict {
				return errors.New("there is a key named " + firstKey + " already")
			}
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]string{"secret": key.Reveal()})
			}
			fmt.Fprintln(p.stdout, key.Reveal())
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
