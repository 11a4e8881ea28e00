package budget

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// newDesk is the desk of a ledger's account.
func newDesk(l *Ledger, id string) desk {
	if l.link == nil {
		return &single{alone: newAlone(l.times, 1)}
	}
	return &shared{account: id, keys: keys(id)}
}

// single is the desk of the only process that there is.
type single struct{ alone *alone }

func (s *single) take(_ context.Context, a *Account, c call) reply {
	return s.alone.take(c, a.ledger.now())
}

// keys are the script's keys of an account, all in one slot of a cluster.
func keys(account string) []string {
	tag := "holdfast:budget:{" + strings.NewReplacer("{", "(", "}", ")").Replace(account) + "}:"
	return []string{
		tag + "state", tag + "processes", tag + "spendings", tag + "turns", tag + "spent:" + string(Core), tag + "spent:" + string(GraphQL),
	}
}

// shared is the desk of a process among several: the script in Redis, and the process
// alone while Redis is out of reach. Only the account's pump uses it.
type shared struct {
	account string
	keys    []string
	epoch   string    // of what Redis knows, as far as this process knows; empty: it never called
	number  int64     // of the last call
	told    time.Time // until when Redis has been told everything
	alone   *alone    // nil: Redis is there
}

func (s *shared) take(ctx context.Context, a *Account, c call) reply {
	link, now := a.ledger.link, a.ledger.now()
	if link.isUp() {
		r, err := s.call(ctx, a, c)
		if err == nil {
			link.works()
			s.alone, s.told = nil, now
			return r
		}
		link.fail(err)
	}
	if s.alone == nil {
		s.alone = a.goAlone()
	}
	return s.alone.take(c, now)
}

// call asks the script; a second time with what this process knows, if Redis has
// forgotten, and without what was heard already, if the client has called twice.
func (s *shared) call(ctx context.Context, a *Account, c call) (reply, error) {
	switch {
	case s.epoch == "":
		c.Know = a.knowledge(time.Time{})
	case s.alone != nil:
		c.Know = a.knowledge(s.told)
	}
	for range 3 {
		r, err := s.ask(ctx, a.ledger, c)
		if err != nil {
			return r, err
		}
		s.epoch = r.Epoch
		switch {
		case r.Resync:
			c.Know = a.knowledge(time.Time{})
		case r.Stale:
			c = call{Busy: c.Busy, Urgent: c.Urgent, Wants: c.Wants, Policy: c.Policy}
		default:
			return r, nil
		}
	}
	return reply{}, fmt.Errorf("the budget of %s: Redis forgets as soon as it is told", s.account)
}

func (s *shared) ask(ctx context.Context, l *Ledger, c call) (reply, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return reply{}, fmt.Errorf("encode a call for the budget: %w", err)
	}
	s.number++
	answer, err := l.link.run(ctx, s.keys,
		text, l.process, strconv.FormatInt(s.number, 10), s.epoch, "e-"+rand.Text(), s.account)
	if err != nil {
		return reply{}, err
	}
	var r reply
	if err := json.Unmarshal([]byte(answer), &r); err != nil {
		return reply{}, fmt.Errorf("decode the script's reply: %w", err)
	}
	return r, nil
}

// knowledge is what Redis is told, with what was spent since then.
func (a *Account) knowledge(since time.Time) *knowledge {
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	k := a.known.tell(now, a.ledger.times)
	k.Spent = a.lately.since(since, now)
	return k
}

// goAlone makes the desk of this process without Redis, from what it knows.
func (a *Account) goAlone() *alone {
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	d := newAlone(a.ledger.times, a.known.processes)
	d.policy, d.strikes = a.policy, a.known.strikes
	d.hours = a.known.hours
	for i := range d.hours {
		// What is out of all processes is not in anybody's share.
		if d.allot(i, int64(a.known.busy)); d.hours[i].known {
			d.comeToKnow()
		}
	}
	for limit, until := range a.known.holds {
		if now.Before(until) {
			d.hold(limit, until)
		}
	}
	for i, s := range a.lately.spent {
		*d.spent[i] = *s
	}
	return d
}
