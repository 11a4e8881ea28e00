package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-github/v58/github"
	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
)

// loopSchema holds the loop's tables, one a collection.
const loopSchema = "plain"

// Loop is the plain sequential loop that Holdfast is measured against.
type Loop struct {
	github *github.Client
	conn   *pgx.Conn
}

// NewLoop connects to GitHub's API and to a database, and makes the tables.
func NewLoop(ctx context.Context, githubURL, databaseURL string) (*Loop, error) {
	base, err := url.Parse(githubURL)
	if err != nil {
		return nil, fmt.Errorf("read GitHub's URL: %w", err)
	}
	l := &Loop{github: github.NewClient(nil)}
	l.github.BaseURL = base
	if l.conn, err = pgx.Connect(ctx, databaseURL); err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	if err := l.createTables(ctx); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

// Close ends the connection to Postgres.
func (l *Loop) Close(ctx context.Context) error {
	if err := l.conn.Close(ctx); err != nil {
		return fmt.Errorf("close the connection to Postgres: %w", err)
	}
	return nil
}

func (l *Loop) createTables(ctx context.Context) error {
	statements := []string{"create schema " + loopSchema}
	for _, c := range Collections() {
		statements = append(statements, "create table "+loopTable(c)+
			" (key text primary key, number bigint, updated_at timestamptz, raw jsonb not null)")
	}
	for _, statement := range statements {
		if _, err := l.conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make the loop's tables: %w", err)
		}
	}
	return nil
}

func loopTable(c collection.Collection) string {
	return pgx.Identifier{loopSchema, c.Name}.Sanitize()
}

// Run reads every collection of the repository, one page after the other.
func (l *Loop) Run(ctx context.Context, repository string) error {
	owner, name := split(repository)
	for _, c := range Collections() {
		if err := l.readCollection(ctx, c, owner, name); err != nil {
			return fmt.Errorf("read %s: %w", c.Name, err)
		}
	}
	return nil
}

// readCollection follows rel=next verbatim: go-github's typed lists ask for numbers,
// which GitHub refuses for issues beyond page 99.
func (l *Loop) readCollection(ctx context.Context, c collection.Collection, owner, name string) error {
	query := url.Values{"per_page": {"100"}}
	for key, values := range c.Query {
		query[key] = values
	}
	next := c.ListPath(owner, name, "") + "?" + query.Encode()
	var page bytes.Buffer
	for next != "" {
		request, err := l.github.NewRequest(http.MethodGet, next, nil)
		if err != nil {
			return fmt.Errorf("make the request: %w", err)
		}
		page.Reset()
		response, err := l.github.Do(ctx, request, &page)
		if err != nil {
			return err
		}
		if err := l.store(ctx, c, page.Bytes()); err != nil {
			return err
		}
		next = nextLink(response.Header.Get("Link"))
	}
	return nil
}

// nextLink is the URL with rel="next" of a Link header, empty on the last page.
func nextLink(header string) string {
	for part := range strings.SplitSeq(header, ",") {
		target, parameters, _ := strings.Cut(part, ";")
		if strings.Contains(parameters, `rel="next"`) {
			return strings.Trim(strings.TrimSpace(target), "<>")
		}
	}
	return ""
}

// store writes a page with one statement. The page goes to Postgres as it came: a
// loop that reads each item itself first takes four times the processor time.
func (l *Loop) store(ctx context.Context, c collection.Collection, page []byte) error {
	if _, err := l.conn.Exec(ctx, `insert into `+loopTable(c)+` (key, number, updated_at, raw)
		select item->>'`+c.Key+`', (item->>'number')::bigint, (item->>'updated_at')::timestamptz, item
		from jsonb_array_elements($1::jsonb) as item
		on conflict (key) do update set number = excluded.number, updated_at = excluded.updated_at, raw = excluded.raw`,
		page); err != nil {
		return fmt.Errorf("store a page: %w", err)
	}
	return nil
}
