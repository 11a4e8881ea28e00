package budget

import "time"

// tally is what the next call tells the desk. The account's lock guards it.
type tally struct {
	settled map[waitKey]*settled
	hours   [len(resources)]hourly
	sent    [len(resources)]time.Time // the last of the requests whose answers told of hours
	ok      [len(resources)]bool
	refused []Refusal
	words   []chan refusal // who waits for what the refusals come to
	probe   string
	changed bool
}

// add notes a request that is over. For a refusal it returns where the desk's word
// about it will come.
func (t *tally) add(f Flow, k kind, answer Answer, now time.Time, hour time.Duration) <-chan refusal {
	t.changed = true
	r := k.resource().index()
	if answer.Sent {
		t.send(waitKey{f, k}, answer.Rate == nil && answer.Refused == nil)
	}
	t.ok[r] = t.ok[r] || answer.OK
	if answer.Rate != nil {
		t.see(k.resource(), *answer.Rate, now.Add(-answer.Took), now, hour)
	}
	if answer.Refused == nil {
		return nil
	}
	word := make(chan refusal, 1)
	t.refused = append(t.refused, *answer.Refused)
	t.words = append(t.words, word)
	return word
}

// see notes a report on a request that was sent then; zero: nobody knows.
func (t *tally) see(r Resource, rate Rate, sent, now time.Time, hour time.Duration) {
	t.changed = true
	rate = rate.sane()
	i := r.index()
	t.hours[i].see(rate.Limit, rate.Left, now.Add(rate.Reset), sent, hour)
	if sent.After(t.sent[i]) {
		t.sent[i] = sent
	}
}

func (t *tally) send(key waitKey, unseen bool) {
	if t.settled == nil {
		t.settled = map[waitKey]*settled{}
	}
	s := t.settled[key]
	if s == nil {
		s = &settled{want: want{
			Lane: key.flow.Lane, Workspace: key.flow.Workspace, Operation: key.flow.Operation, Kind: key.kind,
		}}
		t.settled[key] = s
	}
	s.N++
	if unseen {
		s.Unseen++
	}
}

// fill writes the tally into a call.
func (t *tally) fill(c *call, now time.Time) {
	for _, s := range t.settled {
		c.Settled = append(c.Settled, *s)
	}
	c.Rates, c.OK = map[Resource]rated{}, map[Resource]bool{}
	for i, name := range resources {
		if h := t.hours[i]; h.known {
			rate := rated{Limit: h.limit, Left: h.left, Reset: millis(h.reset.Sub(now))}
			if sent := t.sent[i]; !sent.IsZero() {
				rate.Age = millis(max(1, now.Sub(sent)))
			}
			c.Rates[name] = rate
		}
		if t.ok[i] {
			c.OK[name] = true
		}
	}
	for _, r := range t.refused {
		c.Refused = append(c.Refused, refusal{r.Limit, millis(r.Wait)})
	}
	c.Probe = t.probe
}
