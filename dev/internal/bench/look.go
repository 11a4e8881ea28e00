package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/config"
)

// sighting is a row that shows an edit.
type sighting struct {
	Number int // of the issue
	Edit   int // its place
	At     time.Time
}

// looker looks at the rows that changed since it last did. It goes by the feed of
// changes, which is written with the rows, so that a look costs next to nothing.
type looker struct {
	conn  *pgx.Conn
	seq   int64 // of the last change that it has seen
	shown []sighting
}

func (l *looker) begin(ctx context.Context) error {
	err := l.conn.QueryRow(ctx, `select coalesce(max(seq), 0) from changes where workspace_id = $1`, config.DefaultWorkspace).Scan(&l.seq)
	if err != nil {
		return fmt.Errorf("read the last change: %w", err)
	}
	return nil
}

func (l *looker) look(ctx context.Context) error {
	rows, err := l.conn.Query(ctx, `select c.seq, i.number, i.title
		from changes c join issues i on i.workspace_id = c.workspace_id and i.repository_id = c.repository_id and i.key = c.key
		where c.workspace_id = $1 and c.seq > $2 and c.collection = 'issues'`, config.DefaultWorkspace, l.seq)
	if err != nil {
		return fmt.Errorf("look at the mirror: %w", err)
	}
	var seq int64
	var number int
	var title string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&seq, &number, &title}, func() error {
		if at.IsZero() {
			at = time.Now()
		}
		l.seq = max(l.seq, seq)
		place, found := strings.CutPrefix(title, titlePrefix)
		if n, err := strconv.Atoi(place); found && err == nil {
			l.shown = append(l.shown, sighting{Number: number, Edit: n, At: at})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look at the mirror: %w", err)
	}
	return nil
}

// latencies are how long each edit took until its issue showed it or a later one, of
// those that were shown.
func latencies(edits []edit, shown []sighting) []time.Duration {
	of := map[int][]sighting{}
	for _, s := range shown {
		of[s.Number] = append(of[s.Number], s)
	}
	var all []time.Duration
	for n, e := range edits {
		if i := slices.IndexFunc(of[e.Number], func(s sighting) bool { return s.Edit >= n }); i >= 0 {
			all = append(all, of[e.Number][i].At.Sub(e.At))
		}
	}
	return all
}

// Percentile is the smallest value that so many percent of all do not exceed. Values
// are in ascending order.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max((len(sorted)*percent+99)/100, 1)-1]
}
