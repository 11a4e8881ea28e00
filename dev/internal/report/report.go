// Package report prints what became of a demonstration.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/dev/internal/source"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
)

// Report is the demo's result. Its JSON is what JSON=1 prints.
type Report struct {
	Repository  string                `json:"repository"`
	State       operation.State       `json:"state"`
	Failure     string                `json:"failure,omitempty"`
	Collections map[string]Collection `json:"collections"`
	Requests    int64                 `json:"requests"`
	Seconds     float64               `json:"seconds"`
	TemporalUI  string                `json:"temporal_ui"`
}

// Collection is one line of the table. Source is null where GitHub cannot be
// asked cheaply.
type Collection struct {
	Source     *int64  `json:"source"`
	Mirrored   int64   `json:"mirrored"`
	Requests   int64   `json:"requests"`
	Seconds    float64 `json:"seconds"`
	Difference string  `json:"difference,omitempty"`
}

// New puts together what the operation and both sides tell.
func New(op operation.Operation, s source.Source, counts map[string]source.Count, temporalUI string) Report {
	r := Report{
		Repository: s.Repository(), State: op.State, Collections: map[string]Collection{},
		Requests: op.Requests(), Seconds: seconds(op.StartedAt, op.FinishedAt), TemporalUI: temporalUI,
	}
	if op.Failure != nil {
		r.Failure = op.Failure.Message
	}
	byCollection, total, told := s.Requests()
	if told {
		r.Requests = total
	}
	work := map[string]operation.CollectionWork{}
	for _, c := range op.Collections {
		work[c.Name] = c
	}
	for name, n := range counts {
		c := Collection{
			Source: n.Source, Mirrored: n.Mirrored, Difference: n.Difference,
			Requests: work[name].Requests, Seconds: seconds(work[name].StartedAt, work[name].FinishedAt),
		}
		if told {
			c.Requests = byCollection[name]
		}
		r.Collections[name] = c
	}
	return r
}

// seconds between two times, to a hundredth; 0 while one is missing.
func seconds(from, to *time.Time) float64 {
	if from == nil || to == nil {
		return 0
	}
	return math.Round(to.Sub(*from).Seconds()*100) / 100
}

// mirrored are the collections that a sync reads which does not say what it wants.
func mirrored() []string {
	return collection.NewRegistry().Expand(collection.ScopeRepository, []string{collection.PresetCore})
}

// Differs names a collection whose mirror is not equal to its source.
func (r Report) Differs() (string, bool) {
	for _, name := range mirrored() {
		if c := r.Collections[name]; c.Difference != "" {
			return name + ": " + c.Difference, true
		}
	}
	return "", false
}

// WriteJSON prints the report as one JSON document.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteTable prints the report for people.
func (r Report) WriteTable(w io.Writer) error {
	const line = "%-16s %10s %10s %10s %9s\n"
	var b strings.Builder
	fmt.Fprintf(&b, line, "collection", "on GitHub", "mirrored", "requests", "seconds")
	for _, name := range mirrored() {
		c := r.Collections[name]
		source := "not told"
		if c.Source != nil {
			source = decimal(*c.Source)
		}
		fmt.Fprintf(&b, line, name, source, decimal(c.Mirrored), decimal(c.Requests), tenths(c.Seconds))
	}
	fmt.Fprintf(&b, line, "in all", "", "", decimal(r.Requests), tenths(r.Seconds))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func tenths(seconds float64) string { return strconv.FormatFloat(seconds, 'f', 1, 64) }
