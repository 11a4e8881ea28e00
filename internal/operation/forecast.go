package operation

import "time"

// Forecast is how much work an operation is, as estimated last: before it begins,
// and anew while it runs.
type Forecast struct {
	Requests int64 `json:"requests" doc:"Requests to GitHub in all, those that were made included"`
	Items    int64 `json:"items" doc:"Items that GitHub will list in all"`
	// Seconds is from the operation's start to its end.
	Seconds float64       `json:"seconds" doc:"From its start to its end, waits for GitHub's limits included"`
	DoneAt  time.Time     `json:"done_at" doc:"When it will be done"`
	At      time.Time     `json:"at" doc:"When this was estimated"`
	Basis   ForecastBasis `json:"basis" doc:"What it was estimated from"`
}

// ForecastBasis is what a forecast was made from.
type ForecastBasis struct {
	LatencyMS      float64 `json:"latency_ms" doc:"Milliseconds that a request to GitHub takes, as measured"`
	ItemsPerSecond float64 `json:"items_per_second" doc:"Items that the database takes in a second, as earlier operations did"`
	// MeasuredItemsPerSecond is what later operations learn from.
	MeasuredItemsPerSecond float64 `json:"measured_items_per_second,omitempty" doc:"The same as this one does, once enough of it is done"`

	WaitSeconds float64 `json:"wait_seconds" doc:"Waits for GitHub's limits that are still to come"`
	BusySeconds float64 `json:"busy_seconds" doc:"Time that it has worked so far, without waits; the more of the work is done, the more this counts"`
	Unknown     int     `json:"unknown,omitempty" doc:"Collections of which it is not known how much GitHub has; they count as one request each"`
}
