package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// StreamOptions say who listens to what.
type StreamOptions struct {
	Listeners  int
	Operations int
	Rate       int           // events a second of each operation
	For        time.Duration // that is measured
	Kill       bool          // two API processes serve, and one is killed in the middle
}

func (o StreamOptions) validate() error {
	switch {
	case o.Operations < 1 || o.Listeners < o.Operations || o.Listeners%o.Operations != 0:
		return errors.New("each operation must have the same number of listeners, one at least")
	case o.Listeners/o.Operations > 100:
		return errors.New("an operation has a token of its own here, and a token's subject may have 100 streams")
	case o.Rate < 1 || o.Rate > 1000:
		return errors.New("the rate must be from 1 to 1000 events a second")
	case o.For < time.Second || o.For > 10*time.Minute:
		return errors.New("it must last 1 s to 10 m")
	}
	return nil
}

// StreamReport is what the listeners heard.
type StreamReport struct {
	Host       Host          `json:"host"`
	Operations int           `json:"operations"`
	Rate       int           `json:"rate"`
	Kill       bool          `json:"kill"`
	Published  int64         `json:"published"`          // events, in all
	Memory     int64         `json:"bytes_per_listener"` // of the API process
	CPU        float64       `json:"api_cpu"`            // processors that the API used
	Heard      Heard         `json:"heard"`
	For        time.Duration `json:"for"`
}

// Streams has listeners follow operations that publish events as the worker's steps do: a
// page's transaction, and then the publisher. It measures from before that transaction
// until a listener has the event.
func Streams(ctx context.Context, o Options, streams StreamOptions) (_ StreamReport, err error) {
	if err := streams.validate(); err != nil {
		return StreamReport{}, err
	}
	s, err := startServices(ctx, o, loadItems)
	if err != nil {
		return StreamReport{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	report := StreamReport{Operations: streams.Operations, Rate: streams.Rate, Kill: streams.Kill, For: streams.For}
	if report.Host, err = s.describe(ctx); err != nil {
		return StreamReport{}, err
	}
	database, err := s.newDatabase(ctx, "streams")
	if err != nil {
		return StreamReport{}, err
	}
	stage := &stage{services: s, options: streams, address: s.postgres.URL(database)}
	err = errors.Join(stage.perform(ctx, &report), stage.stop())
	if err != nil {
		return StreamReport{}, err
	}
	report.Host.LoadAfter, err = loadAverage()
	return report, err
}

// The aims of the streams.
const (
	streamPatience = 250 * time.Millisecond // the 99th percentile
	streamLeast    = 10_000                 // deliveries a second
	streamMemory   = 40_000                 // bytes a listener
)

func (r StreamReport) rate() float64 { return float64(r.Heard.Deliveries) / r.For.Seconds() }

func (r StreamReport) name() string {
	if r.Kill {
		return "one of two API processes is killed"
	}
	return "one API process"
}

// aims of a run: one in which a process is killed waits for its listeners to come back.
func (r StreamReport) aims() []Aim {
	count := func(n int64) string { return thousands(n) }
	aims := []Aim{{"no event lost", count(r.Heard.Lost), r.Heard.Lost == 0}, {"no event twice or out of order", count(r.Heard.Doubled), r.Heard.Doubled == 0}}
	if r.Kill {
		return append(aims, Aim{
			"every listener of the process that was killed resumes on the other",
			fmt.Sprintf("%d of %d, the last after %.1f s", r.Heard.Resumed, r.Heard.Dropped, float64(r.Heard.ResumedMS)/1000), r.Heard.Dropped > 0 && r.Heard.Resumed == r.Heard.Dropped,
		})
	}
	p99 := time.Duration(r.Heard.P99) * time.Microsecond
	return append(aims,
		Aim{fmt.Sprintf("at least %s deliveries a second", thousands(streamLeast)), thousands(int64(r.rate())), r.rate() >= streamLeast},
		Aim{fmt.Sprintf("99th percentile under %s", streamPatience), p99.Round(time.Millisecond).String(), p99 < streamPatience},
		Aim{fmt.Sprintf("under %d kB a listener", streamMemory/1000), fmt.Sprintf("%.1f kB", float64(r.Memory)/1000), r.Memory < streamMemory})
}

func (r StreamReport) table() [][]string {
	ms := func(us int64) string { return strconv.FormatInt((us+500)/1000, 10) + " ms" }
	memory := "-"
	if r.Memory > 0 {
		memory = fmt.Sprintf("%.1f kB", float64(r.Memory)/1000)
	}
	return [][]string{
		{"", "listeners", "operations", "events a second", "deliveries a second", "median", "99th percentile", "longest", "coalesced", "memory a listener", "API's processors"},
		{
			r.name(), thousands(int64(r.Heard.Listeners)), strconv.Itoa(r.Operations), strconv.Itoa(r.Rate * r.Operations), thousands(int64(r.rate())),
			ms(r.Heard.P50), ms(r.Heard.P99), ms(r.Heard.Most), thousands(r.Heard.Skipped), memory, strconv.FormatFloat(r.CPU, 'f', 2, 64),
		},
	}
}

// WriteTable writes the result for people.
func (r StreamReport) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n\n", r.For, r.Host.line())
	writeAligned(&b, r.table())
	b.WriteString("\n")
	for _, aim := range r.aims() {
		fmt.Fprintf(&b, "%-6s  %s: %s\n", aim.verdict(), aim.Text, aim.Reached)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown is the result for documentation.
func (r StreamReport) Markdown() string {
	var b strings.Builder
	b.WriteString(markdownTable(r.table()) + "\n| aim | reached | |\n|---|---|---|\n")
	for _, aim := range r.aims() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", aim.Text, aim.Reached, aim.verdict())
	}
	return b.String() + "\n" + r.Host.markdown() + r.Host.markdownLoad()
}
