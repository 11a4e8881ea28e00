package bench

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Report is the comparison's result. Its JSON is what JSON=1 prints.
type Report struct {
	Host  Host             `json:"host"`
	Items int              `json:"items"`
	Mix   map[string]int64 `json:"mix"` // items by collection
	Runs  int              `json:"runs"`
	All   []Run            `json:"all"` // in the order in which they were made

	Upkeep    *UpkeepReport    `json:"upkeep,omitempty"`    // measured apart; nil: it was not
	Freshness *FreshnessReport `json:"freshness,omitempty"` // as above
}

// spread is the median of several runs, with the least and the most.
type spread struct{ Median, Min, Max float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + median) / 2
	}
	return spread{median, sorted[0], sorted[len(sorted)-1]}
}

func (r Run) rate() float64 { return float64(r.Items) / r.Seconds }

// cpuPer is the processor time of some parts for that many items, in seconds.
func (r Run) cpuPer(items float64, parts ...Part) float64 {
	var seconds float64
	for _, part := range parts {
		seconds += r.CPU[part]
	}
	return seconds * items / float64(r.Items)
}

// row is one line of the table.
type row struct {
	Name   string
	Value  func(Run) float64
	Digits int
}

const (
	perCPU = 10_000
	per    = 1_000
	mega   = 1 << 20
)

// cpuRow is a line of processor time for 10,000 items.
func cpuRow(name string, parts ...Part) row {
	return row{name, func(r Run) float64 { return r.cpuPer(perCPU, parts...) }, 2}
}

func peakRow(name string, part Part) row {
	return row{name, func(r Run) float64 { return float64(r.Peak[part]) / mega }, 0}
}

// rows are the lines of the table; a line in which a contender has only zeros shows
// nothing for it.
func rows() []row {
	return []row{
		{"items a second", Run.rate, 0},
		{"seconds in all", func(r Run) float64 { return r.Seconds }, 1},
		cpuRow("CPU s per 10,000 items: own processes", PartAPI, PartWorker, PartLoop),
		cpuRow("— of these, the worker", PartWorker),
		cpuRow("— of these, the API", PartAPI),
		cpuRow("CPU s per 10,000 items: Postgres", PartPostgres),
		cpuRow("CPU s per 10,000 items: Redis", PartRedis),
		cpuRow("CPU s per 10,000 items: Temporal", PartTemporal),
		cpuRow("CPU s per 10,000 items: the simulated GitHub", PartSimulator),
		{"requests per 1,000 items", func(r Run) float64 { return float64(r.Requests) * per / float64(r.Items) }, 2},
		{"requests in flight at most", func(r Run) float64 { return float64(r.InFlight) }, 0},
		{"history events per 1,000 items", func(r Run) float64 { return float64(r.Events) * per / float64(r.Items) }, 2},
		peakRow("peak memory in MiB: worker", PartWorker),
		peakRow("peak memory in MiB: API", PartAPI),
		peakRow("peak memory in MiB: loop", PartLoop),
		peakRow("peak memory in MiB: Postgres", PartPostgres),
	}
}

// of are the runs of a contender at a latency.
func (r Report) of(contender string, latency int64) []Run {
	var runs []Run
	for _, run := range r.All {
		if run.Contender == contender && run.LatencyMS == latency {
			runs = append(runs, run)
		}
	}
	return runs
}

func (r Report) latencies() []int64 {
	seen := map[int64]bool{}
	for _, run := range r.All {
		seen[run.LatencyMS] = true
	}
	return slices.SortedFunc(maps.Keys(seen), cmp.Compare[int64])
}

// ratio is how often Holdfast is as fast as the loop, by their medians.
func (r Report) ratio(latency int64) float64 {
	return medianOf(r.of(NameHoldfast, latency), Run.rate) / medianOf(r.of(NameLoop, latency), Run.rate)
}

func medianOf(runs []Run, value func(Run) float64) float64 { return spreadRuns(runs, value).Median }

func spreadRuns(runs []Run, value func(Run) float64) spread {
	values := make([]float64, len(runs))
	for i, run := range runs {
		values[i] = value(run)
	}
	return spreadOf(values)
}

// cell is a median with its spread, as in "1200 (1150–1300)".
func cell(runs []Run, r row) string {
	s := spreadRuns(runs, r.Value)
	if s.Max == 0 {
		return "-"
	}
	text := strconv.FormatFloat(s.Median, 'f', r.Digits, 64)
	least, most := strconv.FormatFloat(s.Min, 'f', r.Digits, 64), strconv.FormatFloat(s.Max, 'f', r.Digits, 64)
	if len(runs) == 1 || least == most {
		return text
	}
	return text + " (" + least + "–" + most + ")"
}

// table has a heading, then a line for each row, with a column for each contender at
// each latency.
func (r Report) table() [][]string {
	heading := []string{""}
	var columns [][]Run
	for _, latency := range r.latencies() {
		for _, name := range []string{NameHoldfast, NameLoop} {
			heading = append(heading, name+", "+(time.Duration(latency)*time.Millisecond).String())
			columns = append(columns, r.of(name, latency))
		}
	}
	table := [][]string{heading}
	for _, line := range rows() {
		cells := []string{line.Name}
		for _, runs := range columns {
			cells = append(cells, cell(runs, line))
		}
		table = append(table, cells)
	}
	return table
}
