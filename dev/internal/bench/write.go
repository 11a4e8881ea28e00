package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteTable writes the comparison for people.
func (r Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d items, %s, median (least–most) of %d\n\n", r.Items, r.Host.line(), r.Runs)
	writeAligned(&b, r.table())
	b.WriteString("\n")
	for _, aim := range r.Aims() {
		fmt.Fprintf(&b, "%-6s  %s: %s\n", aim.verdict(), aim.Text, aim.Reached)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line is the host in one line.
func (h Host) line() string {
	return fmt.Sprintf("%s, %d cores, %.1f GiB, Linux %s", h.Processor, h.Cores, float64(h.Memory)/(1<<30), h.Kernel)
}

// writeAligned writes a table with its columns one below the other.
func writeAligned(b *strings.Builder, table [][]string) {
	var widths []int
	for i := range table[0] {
		longest := slices.MaxFunc(table, func(x, y []string) int { return utf8.RuneCountInString(x[i]) - utf8.RuneCountInString(y[i]) })
		widths = append(widths, utf8.RuneCountInString(longest[i]))
	}
	for _, cells := range table {
		for i, text := range cells {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if i == 0 {
				b.WriteString(text + pad)
			} else {
				b.WriteString("   " + pad + text)
			}
		}
		b.WriteString("\n")
	}
}

// WriteJSON writes the comparison with every run, and what else was measured.
func (r Report) WriteJSON(w io.Writer) error {
	return EncodeJSON(w, struct {
		Report
		Aims []Aim `json:"aims"`
	}{r, r.Aims()})
}

// EncodeJSON writes a result as JSON for people and programs.
func EncodeJSON(w io.Writer, result any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// Markdown is the comparison for documentation.
func (r Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s items, median (least–most) of %d runs each, taking turns.\n\n", thousands(int64(r.Items)), r.Runs)
	b.WriteString(markdownTable(r.table()))
	b.WriteString("\n| aim | reached | |\n|---|---|---|\n")
	for _, aim := range r.Aims() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", aim.Text, aim.Reached, aim.verdict())
	}
	b.WriteString("\n" + r.Host.markdown() + r.Host.markdownLoad())
	return b.String()
}

func (h Host) markdown() string {
	return fmt.Sprintf("Measured on %s: %s. Holdfast %s, Go %s, Postgres %s, Redis %s, Temporal %s.\n",
		h.Date, h.line(), h.Holdfast, h.Go, h.Postgres, h.Redis, h.Temporal)
}

// markdownLoad is how busy the machine was with all that it did.
func (h Host) markdownLoad() string {
	return fmt.Sprintf("Load of the machine (processes that wanted a processor in the last minute): %.1f before, %.1f after.\n", h.LoadBefore, h.LoadAfter)
}

func markdownTable(table [][]string) string {
	var b strings.Builder
	for i, cells := range table {
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		if i == 0 {
			b.WriteString("|---|" + strings.Repeat("--:|", len(cells)-1) + "\n")
		}
	}
	return b.String()
}

// memoryTable is what the workers took.
func memoryTable(runs []MemoryRun) [][]string {
	table := [][]string{{"items", "worker, MiB", "API, MiB", "Postgres, MiB", "simulated GitHub, MiB", "seconds", "items a second", "events per 1,000 items"}}
	for _, run := range runs {
		line := []string{thousands(run.Items)}
		for _, part := range []Part{PartWorker, PartAPI, PartPostgres, PartSimulator} {
			line = append(line, strconv.FormatInt(run.Peak[part]>>20, 10))
		}
		table = append(table, append(line, fmt.Sprintf("%.0f", run.Seconds), fmt.Sprintf("%.0f", run.rate()),
			fmt.Sprintf("%.2f", float64(run.Events)*per/float64(run.Items))))
	}
	return table
}

// WriteMemory writes the runs of [Memory] for people.
func WriteMemory(w io.Writer, runs []MemoryRun) error {
	var b strings.Builder
	writeAligned(&b, memoryTable(runs))
	aim := memoryAim(runs)
	fmt.Fprintf(&b, "\n%-6s  %s: %s\n", aim.verdict(), aim.Text, aim.Reached)
	_, err := io.WriteString(w, b.String())
	return err
}

// MemoryMarkdown is the runs of [Memory] for documentation.
func MemoryMarkdown(runs []MemoryRun) string {
	aim := memoryAim(runs)
	return markdownTable(memoryTable(runs)) + fmt.Sprintf("\nAim: %s. Reached: %s (%s).\n\n", aim.Text, aim.Reached, aim.verdict()) +
		runs[len(runs)-1].Host.markdown()
}

// thousands is a number as people read it: 50,000.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Update puts text between the two markers of that name in a Markdown file:
// <!-- bench:NAME --> and <!-- /bench:NAME -->.
func Update(path, name, text string) error {
	begin, end := []byte("<!-- bench:"+name+" -->\n"), []byte("<!-- /bench:"+name+" -->")
	page, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the page to update: %w", err)
	}
	before, rest, found := bytes.Cut(page, begin)
	_, after, closed := bytes.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("update %s: it has no lines %q and %q", path, bytes.TrimSpace(begin), end)
	}
	page = slices.Concat(before, begin, []byte(text), end, after)
	if err := os.WriteFile(path, page, 0o644); err != nil { //nolint:gosec // a page of documentation
		return fmt.Errorf("update the page: %w", err)
	}
	return nil
}
