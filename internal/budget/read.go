package budget

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// mostReported bounds the operations of a report.
const mostReported = 50

// Read reads how an account stands. An account that no process has used for two hours is
// not Known. Errors are Redis's.
func Read(ctx context.Context, client redis.UniversalClient, accountID string) (Report, error) {
	at := keys(accountID)
	hashes := make([]*redis.MapStringStringCmd, len(at))
	var clock *redis.TimeCmd
	// No transaction: a report may be a millisecond apart from itself.
	_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		clock = pipe.Time(ctx)
		for i, key := range at {
			hashes[i] = pipe.HGetAll(ctx, key)
		}
		return nil
	})
	if err != nil {
		return Report{}, fmt.Errorf("read the budget of %s: %w", accountID, err)
	}
	r := Report{Account: accountID, At: clock.Val(), Waiting: map[Lane]int{}}
	state := stored(hashes[0].Val())
	if hashes[0].Val()["epoch"] == "" {
		return r, nil
	}
	r.Known = true
	policy, err := r.readProcesses(hashes[1].Val(), state)
	if err != nil {
		return Report{}, fmt.Errorf("read the budget of %s: %w", accountID, err)
	}
	for _, limit := range []Limit{Primary, Points, Secondary} {
		if until := state.time("hold:" + string(limit)); until.After(r.At) {
			r.Holds = append(r.Holds, HoldReport{limit, until})
		}
	}
	for i, name := range resources {
		if _, known := state[string(name)+":limit"]; known {
			r.Resources = append(r.Resources, r.readResource(name, state, hashes[4+i].Val(), policy))
		}
	}
	r.readSpendings(stored(hashes[2].Val()), time.Duration(state.number("minute")*float64(time.Millisecond)))
	return r, nil
}

// stored are the fields of one of the script's hashes.
type stored map[string]string

func (s stored) number(field string) float64 {
	n, err := strconv.ParseFloat(s[field], 64)
	if err != nil {
		return 0 // there is none: the script writes numbers
	}
	return n
}

func (s stored) time(field string) time.Time {
	return time.UnixMicro(int64(s.number(field) * 1000)).UTC()
}

// process is what the script keeps of a process.
type process struct {
	At     float64         `json:"at"`
	Busy   [kinds]int      `json:"busy"`
	Wants  json.RawMessage `json:"wants"` // an empty list is {} there
	Given  json.RawMessage `json:"given"`
	Policy wish            `json:"policy"`
}

func (r *Report) readProcesses(all stored, state stored) (Policy, error) {
	policy := Policy{InFlight: mostInFlight}
	gone := r.At.Add(-time.Duration(state.number("beat") * float64(time.Millisecond)))
	for name, text := range all {
		var p process
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return policy, fmt.Errorf("decode what process %s said: %w", name, err)
		}
		if time.UnixMicro(int64(p.At * 1000)).Before(gone) {
			continue
		}
		r.Processes++
		for _, n := range p.Busy {
			r.InFlight += n
		}
		for _, w := range listed(p.Given) {
			r.InFlight += w.N
		}
		for _, w := range listed(p.Wants) {
			if w.N > 0 {
				r.Waiting[w.Lane] += w.N
			}
		}
		policy.InFlight = min(policy.InFlight, p.Policy.InFlight)
		policy.Reserve.Percent = max(policy.Reserve.Percent, p.Policy.Percent)
		policy.Reserve.Requests = max(policy.Reserve.Requests, p.Policy.Requests)
	}
	r.Most = policy.InFlight
	if r.Processes == 0 {
		r.Most = int(state.number("in_flight"))
		policy.Reserve = Reserve{Percent: state.number("percent"), Requests: int64(state.number("requests"))}
	}
	return policy, nil
}

func listed(text json.RawMessage) []want {
	var list []want
	if err := json.Unmarshal(text, &list); err != nil {
		return nil // the script writes an empty list as an object
	}
	return list
}

func (r *Report) readResource(name Resource, state, spent stored, policy Policy) ResourceReport {
	field := func(f string) string { return string(name) + ":" + f }
	one := ResourceReport{
		Resource: name, Limit: int64(state.number(field("limit"))), Left: int64(state.number(field("left"))), Lanes: map[Lane]int64{},
	}
	if reset := state.time(field("reset")); state.number(field("open")) == 0 && reset.After(r.At) {
		one.Reset = reset
	} else {
		one.Left, spent = one.Limit, nil
	}
	one.Reserve = policy.Reserve.of(one.Limit)
	var ours int64
	for f := range spent {
		n := int64(spent.number(f))
		if lane, ok := strings.CutPrefix(f, "lane:"); ok {
			l, err := strconv.Atoi(lane)
			if err != nil {
				continue // the script writes numbers
			}
			one.Lanes[Lane(l)] += n
			ours += n
		} else if of, ok := strings.CutPrefix(f, "operation:"); ok {
			workspace, operation, _ := strings.Cut(of, "\n")
			one.Operations = append(one.Operations, OperationReport{workspace, operation, n})
		}
	}
	slices.SortFunc(one.Operations, func(a, b OperationReport) int {
		return cmp.Or(cmp.Compare(b.Spent, a.Spent), strings.Compare(a.Workspace, b.Workspace), strings.Compare(a.Operation, b.Operation))
	})
	one.Operations = one.Operations[:min(len(one.Operations), mostReported)]
	one.Others = max(0, one.Limit-one.Left-ours)
	return one
}

// readSpendings reads what counts of the secondary limits now.
func (r *Report) readSpendings(spent stored, minute time.Duration) {
	for _, a := range allowances(60*minute, minute) {
		if a.paced {
			continue
		}
		width := float64(a.span) / buckets
		now := int64(math.Floor(float64(r.At.UnixNano()) / width))
		last := int64(spent.number(a.name + ":last"))
		one := SpendingReport{Limit: a.limit(), Of: a.of, Span: a.span, Most: a.most}
		for i := max(now, last) - buckets; i <= last; i++ {
			one.Spent += int64(spent.number(a.name + ":" + strconv.FormatInt(i%(buckets+1), 10)))
		}
		r.Spendings = append(r.Spendings, one)
	}
}
