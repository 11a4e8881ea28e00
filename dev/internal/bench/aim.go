package bench

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Aim is something that the benchmark shall show.
type Aim struct {
	Text    string `json:"aim"`
	Reached string `json:"reached"`
	Met     bool   `json:"met"`
}

// What is aimed at.
const (
	slowLatency       = 100 * time.Millisecond
	aimSlow           = 4.0 // times the loop's items a second, at slowLatency
	aimFast           = 0.5 // times the loop's items a second, without latency
	aimInFlight       = 10
	aimEvents         = 5.0 // per 1,000 items
	aimWorker   int64 = 200_000_000
	aimGrowth         = 1.25 // what still counts as flat, from the fewest items to the most
)

// Aims says which are met, of those that the runs tell about.
func (r Report) Aims() []Aim {
	var aims []Aim
	for _, latency := range r.latencies() {
		runs := r.of(NameHoldfast, latency)
		switch ratio := r.ratio(latency); latency {
		case 0:
			aims = append(aims, Aim{
				fmt.Sprintf("at 0 ms at least %.1f times the loop's items a second", aimFast), fmt.Sprintf("%.2f times", ratio), ratio >= aimFast,
			})
		case slowLatency.Milliseconds():
			flight := spreadRuns(runs, func(r Run) float64 { return float64(r.InFlight) }).Max
			aims = append(aims, Aim{
				fmt.Sprintf("at 100 ms at least %.0f times the loop's items a second with at most %d requests in flight", aimSlow, aimInFlight),
				fmt.Sprintf("%.2f times with %.0f", ratio, flight), ratio >= aimSlow && flight <= aimInFlight,
			})
		}
	}
	var all []Run
	for _, run := range r.All {
		if run.Contender == NameHoldfast {
			all = append(all, run)
		}
	}
	events := spreadRuns(all, func(r Run) float64 { return float64(r.Events) * per / float64(r.Items) }).Max
	worker := spreadRuns(all, func(r Run) float64 { return float64(r.Peak[PartWorker]) }).Max
	return append(aims,
		Aim{fmt.Sprintf("at most %.0f history events per 1,000 items", aimEvents), fmt.Sprintf("%.2f", events), events <= aimEvents},
		Aim{fmt.Sprintf("a worker's memory under %d MB", aimWorker/1_000_000), fmt.Sprintf("%.0f MB", worker/1e6), int64(worker) < aimWorker})
}

// memoryAim says whether a worker takes as much for many items as for few.
func memoryAim(runs []MemoryRun) Aim {
	few := slices.MinFunc(runs, func(a, b MemoryRun) int { return cmp.Compare(a.Items, b.Items) })
	many := slices.MaxFunc(runs, func(a, b MemoryRun) int { return cmp.Compare(a.Items, b.Items) })
	var most int64
	for _, run := range runs {
		most = max(most, run.Peak[PartWorker])
	}
	growth := float64(many.Peak[PartWorker]) / float64(few.Peak[PartWorker])
	return Aim{
		fmt.Sprintf("a worker's memory under %d MB and flat (at most %.2f times as much for %s items as for %s)",
			aimWorker/1_000_000, aimGrowth, thousands(many.Items), thousands(few.Items)),
		fmt.Sprintf("%.0f MB, %.2f times", float64(most)/1e6, growth),
		most < aimWorker && growth <= aimGrowth,
	}
}

func (a Aim) verdict() string {
	if a.Met {
		return "met"
	}
	return "missed"
}
