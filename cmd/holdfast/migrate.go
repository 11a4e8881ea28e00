package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/migrations"
)

func newMigrateCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the database's schema up to date"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "up", Short: "Apply every pending migration", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				database, err := databaseAddress(p)
				if err != nil {
					return err
				}
				return migrations.Up(cmd.Context(), database)
			},
		},
		&cobra.Command{
			Use: "down", Short: "Take back the newest migration, with the data that it holds", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				database, err := databaseAddress(p)
				if err != nil {
					return err
				}
				return migrations.Down(cmd.Context(), database)
			},
		},
		&cobra.Command{
			Use: "status", Short: "List the migrations and when they were applied", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return migrateStatus(cmd, p) },
		},
	)
	return cmd
}

// databaseAddress is where the environment says that the database is.
func databaseAddress(p process) (postgres.Address, error) {
	c, err := config.LoadDatabase(p.env)
	if err != nil {
		return postgres.Address{}, err
	}
	return addressOf(c)
}

func migrateStatus(cmd *cobra.Command, p process) error {
	database, err := databaseAddress(p)
	if err != nil {
		return err
	}
	all, err := migrations.List(cmd.Context(), database)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, m := range all {
		applied := "pending"
		if m.AppliedAt != nil {
			applied = m.AppliedAt.UTC().Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\n", m.Source, applied); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return w.Flush()
}
