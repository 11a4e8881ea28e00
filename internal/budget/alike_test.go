package budget

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The script and a process alone decide alike: the same calls have the same replies.
func TestTheScriptDecidesAsAProcessAlone(t *testing.T) {
	f := setup(t, 0, time.Hour)
	f.times.settle = 0
	rapid.Check(t, func(t *rapid.T) {
		l := f.add()
		defer l.Close()
		id := fmt.Sprintf("user:%d@example", time.Now().UnixNano())
		script := &shared{account: id, keys: keys(id)}
		alone := newAlone(f.times, 1)
		var busy [kinds]int
		var urgent int
		for range rapid.IntRange(1, 30).Draw(t, "turns") {
			c := drawCall(t, &busy)
			// Only whether there are any counts.
			urgent = rapid.IntRange(0, urgent).Draw(t, "urgent")
			c.Urgent = urgent
			sent := c
			if script.epoch == "" {
				sent.Know = &knowledge{}
			}
			now := time.Now()
			got, err := script.ask(f.t.Context(), l, sent)
			require.NoError(t, err)
			script.epoch = got.Epoch
			want := alone.take(c, now)
			require.Equal(t, summary(want), summary(got), "of the call %+v", c)
			for _, g := range got.Grants {
				busy[g.Kind] += g.N
				if g.Lane == LaneInteractive {
					urgent += g.N
				}
			}
		}
	})
}

// drawCall makes a call as a pump would, and moves what is busy.
func drawCall(t *rapid.T, busy *[kinds]int) call {
	flows := []Flow{
		{LaneInteractive, "v", "p"}, {LaneRepair, "v", "q"}, {LaneBackfill, "v", "r"}, {LaneBackfill, "w", "s"}, {LaneBackfill, "w", "t"},
	}
	c := call{Policy: wish{InFlight: rapid.SampledFrom([]int{3, 10, 40}).Draw(t, "in flight"), Requests: rapid.Int64Range(0, 30).Draw(t, "reserve")}}
	c.Rates, c.OK = map[Resource]rated{}, map[Resource]bool{}
	for k := range busy {
		over := rapid.IntRange(0, busy[k]).Draw(t, "over")
		if over == 0 {
			continue
		}
		busy[k] -= over
		f := rapid.SampledFrom(flows).Draw(t, "flow")
		c.Settled = append(c.Settled, settled{want{f.Lane, f.Workspace, f.Operation, kind(k), over}, rapid.IntRange(0, over).Draw(t, "unseen")})
		c.OK[kind(k).resource()] = rapid.Bool().Draw(t, "ok")
		if !c.OK[kind(k).resource()] {
			delete(c.OK, kind(k).resource())
		}
	}
	c.Busy = *busy
	for _, r := range resources {
		if rapid.Float64Range(0, 1).Draw(t, "reported") > 0.5 {
			c.Rates[r] = rated{
				Limit: 200, Left: rapid.Int64Range(0, 200).Draw(t, "left"),
				Reset: millis(rapid.SampledFrom([]time.Duration{time.Minute, time.Minute + 2*time.Second, 50 * time.Minute}).Draw(t, "reset")),
			}
		}
	}
	switch rapid.IntRange(0, 20).Draw(t, "event") {
	case 0:
		c.Refused = []refusal{{Secondary, millis(rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "wait"))}}
	case 1:
		c.Probe = rapid.SampledFrom([]string{probeDone, probeFailed}).Draw(t, "probe")
	}
	named := map[waitKey]bool{}
	for range rapid.IntRange(0, 6).Draw(t, "wants") {
		key := waitKey{rapid.SampledFrom(flows).Draw(t, "flow"), kind(rapid.IntRange(0, kinds-1).Draw(t, "kind"))}
		if !named[key] {
			named[key] = true
			c.Wants = append(c.Wants, want{key.flow.Lane, key.flow.Workspace, key.flow.Operation, key.kind, rapid.IntRange(1, 20).Draw(t, "n")})
		}
	}
	slices.SortStableFunc(c.Wants, func(a, b want) int { return int(a.Lane - b.Lane) })
	return c
}

// summary is what must be the same of both replies: everything but the milliseconds, and
// the last digits of a price.
func summary(r reply) string {
	var text []string
	granted := map[string]int{}
	for _, g := range r.Grants {
		granted[fmt.Sprint(g.Lane, g.Workspace, g.Operation, g.Kind)] += g.N
	}
	for _, d := range r.Refused {
		text = append(text, fmt.Sprintf("refused %s %d %s %s", d.Lane, d.Kind, d.Limit, time.Duration(d.Wait).Round(10*time.Second)))
	}
	for name, rate := range r.View.Rates {
		text = append(text, fmt.Sprintf("%s %d of %d, reserve %d, price %.3f, open %t", name, rate.Left, rate.Limit, rate.Reserve, rate.Price+1e-9, rate.Open))
	}
	for limit, wait := range r.View.Holds {
		text = append(text, fmt.Sprintf("hold %s %s", limit, time.Duration(wait).Round(10*time.Second)))
	}
	if r.Hold != nil {
		text = append(text, fmt.Sprintf("held %s %s", r.Hold.Limit, time.Duration(r.Hold.Wait).Round(10*time.Second)))
	}
	slices.Sort(text)
	return fmt.Sprint(granted, text, " strikes ", r.View.Strikes, " busy ", r.View.Busy, " probe ", r.Probe)
}
