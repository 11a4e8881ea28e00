package report

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// mergeTimes is the example of plain SQL on typed tables.
const mergeTimes = `select extract(year from created_at at time zone 'UTC') as year,
       count(*) as pulls,
       count(merged_at) as merged,
       round(extract(epoch from percentile_cont(0.5) within group (order by merged_at - created_at)) / 3600) as median_hours_to_merge
from pulls
group by 1
order by 1`

// search is the example of a text search; %s is a literal.
const search = `select i.number, round(ts_rank(d.document, q)::numeric, 3) as rank, i.title
from search_documents d
join issues i using (workspace_id, repository_id, key)
cross join websearch_to_tsquery('english', %s) q
where d.collection = 'issues' and d.document @@ q
order by ts_rank(d.document, q) desc, i.number desc
limit 5`

// ShowQueries runs both examples and prints them with their results.
func ShowQueries(ctx context.Context, w io.Writer, pool *pgxpool.Pool) error {
	if err := showQuery(ctx, w, pool, mergeTimes); err != nil {
		return err
	}
	words, err := searchWords(ctx, pool)
	if err != nil {
		return err
	}
	return showQuery(ctx, w, pool, fmt.Sprintf(search, "'"+words+"'"))
}

// searchWords are the two longest words of the most discussed issue's title: a
// search that finds something in any repository. They are letters only.
func searchWords(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var title string
	err := pool.QueryRow(ctx, `select coalesce((select title from issues order by comments desc nulls last, number limit 1), '')`).Scan(&title)
	if err != nil {
		return "", fmt.Errorf("choose what to search for: %w", err)
	}
	var longest, second string
	for _, word := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch {
		case len(word) > len(longest):
			longest, second = word, longest
		case len(word) > len(second) && word != longest:
			second = word
		}
	}
	if second == "" {
		return longest, nil
	}
	return longest + " or " + second, nil
}

// showQuery prints a query and its result, as Postgres writes the values.
func showQuery(ctx context.Context, w io.Writer, pool *pgxpool.Pool, query string) error {
	fmt.Fprintf(w, "\n%s;\n\n", query)
	rows, err := pool.Query(ctx, query, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return fmt.Errorf("run an example query: %w", err)
	}
	defer rows.Close()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, field := range rows.FieldDescriptions() {
		fmt.Fprintf(t, "%s%s", separator(i), field.Name)
	}
	fmt.Fprintln(t)
	for rows.Next() {
		for i, value := range rows.RawValues() {
			fmt.Fprintf(t, "%s%s", separator(i), value)
		}
		fmt.Fprintln(t)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("run an example query: %w", err)
	}
	return t.Flush()
}

// separator stands before a row's cell.
func separator(cell int) string {
	if cell == 0 {
		return "  "
	}
	return "\t"
}
