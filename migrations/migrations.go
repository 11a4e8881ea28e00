// Package migrations holds the schema of Holdfast's database as numbered SQL
// files, embedded so that the binary can apply them: forward only in production,
// each with a tested way down.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/holdfast/holdfast/internal/postgres"
)

// FS holds the SQL files, for tools that read the schema.
//
//go:embed *.sql
var FS embed.FS

// Status is one migration and when it was applied.
type Status struct {
	Version   int64
	Source    string
	AppliedAt *time.Time // nil while pending
}

// Up applies every pending migration to the database, and mends who owns what looks
// across workspaces: a restored dump may have lost it. Several
// processes may call it at once: a session lock lets one of them work.
func Up(ctx context.Context, database postgres.Address) error {
	return with(ctx, database, func(p *goose.Provider, db *sql.DB) error {
		if _, err := p.Up(ctx); err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, "select isolate()"); err != nil {
			return fmt.Errorf("give what looks across workspaces to its role: %w", err)
		}
		return nil
	})
}

// Down takes back the newest applied migration.
func Down(ctx context.Context, database postgres.Address) error {
	return with(ctx, database, func(p *goose.Provider, _ *sql.DB) error {
		_, err := p.Down(ctx)
		return err
	})
}

// DownTo takes back every applied migration above version; 0 takes back all.
func DownTo(ctx context.Context, database postgres.Address, version int64) error {
	return with(ctx, database, func(p *goose.Provider, _ *sql.DB) error {
		_, err := p.DownTo(ctx, version)
		return err
	})
}

// List tells every known migration in order and whether it is applied.
func List(ctx context.Context, database postgres.Address) ([]Status, error) {
	var out []Status
	err := with(ctx, database, func(p *goose.Provider, _ *sql.DB) error {
		all, err := p.Status(ctx)
		if err != nil {
			return err
		}
		for _, m := range all {
			s := Status{Version: m.Source.Version, Source: m.Source.Path}
			if m.State == goose.StateApplied {
				s.AppliedAt = &m.AppliedAt
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

func with(ctx context.Context, database postgres.Address, do func(*goose.Provider, *sql.DB) error) (err error) {
	connection, err := database.Config()
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*connection)
	defer func() {
		if cerr := db.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("close database: %w", cerr)
		}
	}()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("connect to database: %w", postgres.Explain(err))
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, FS, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := do(p, db); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
