package budget

import (
	"cmp"
	"slices"
	"time"
)

const (
	// mostWants bounds how many flows of a lane a call names for each kind of requests:
	// those whose last turn is longest ago.
	mostWants = 16
	// mostServed bounds of how many flows that is known.
	mostServed = 4096
	// mostOfOne bounds how many requests of one flow it asks for at once.
	mostOfOne = mostInFlight
)

// queue is who waits in this process. The account's lock guards it.
type queue struct {
	waiting map[waitKey][]*waiter // never an empty list; the longest first
	number  [lanes]int
	served  map[Flow]int // the number of a flow's last turn
	turns   int
}

type waitKey struct {
	flow Flow
	kind kind
}

// waiter is one call of Enter that waits.
type waiter struct {
	key   waitKey
	began time.Time
	done  chan outcome // has room for its one outcome
}

// outcome is what a waiter is told: to go, unless there is an error.
type outcome struct{ err error }

func newQueue() queue { return queue{waiting: map[waitKey][]*waiter{}, served: map[Flow]int{}} }

func (q *queue) add(w *waiter) (first bool) {
	q.waiting[w.key] = append(q.waiting[w.key], w)
	q.number[w.key.flow.Lane-1]++
	return len(q.waiting[w.key]) == 1
}

// pop takes the one that waits longest; nil: nobody does.
func (q *queue) pop(key waitKey) *waiter {
	list := q.waiting[key]
	if len(list) == 0 {
		return nil
	}
	q.set(key, list[1:])
	if len(q.served) >= mostServed {
		clear(q.served)
	}
	q.turns++
	q.served[key.flow] = q.turns
	return list[0]
}

// remove takes a waiter out; false: it was taken already.
func (q *queue) remove(w *waiter) bool {
	list := q.waiting[w.key]
	i := slices.Index(list, w)
	if i < 0 {
		return false
	}
	q.set(w.key, slices.Delete(list, i, i+1))
	return true
}

// set replaces a list by one that is shorter.
func (q *queue) set(key waitKey, list []*waiter) {
	q.number[key.flow.Lane-1] -= len(q.waiting[key]) - len(list)
	if len(list) == 0 {
		delete(q.waiting, key)
		return
	}
	q.waiting[key] = list
}

// fail tells all for whom err has an answer, and takes them out.
func (q *queue) fail(err func(waitKey) error) {
	for key, list := range q.waiting {
		if e := err(key); e != nil {
			q.set(key, nil)
			for _, w := range list {
				w.done <- outcome{err: e}
			}
		}
	}
}

// wants lists who waits, of each lane and kind the flows whose last turn is longest ago.
func (q *queue) wants() []want {
	var keys []waitKey
	for key := range q.waiting {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b waitKey) int {
		return cmp.Or(cmp.Compare(a.flow.Lane, b.flow.Lane), cmp.Compare(q.served[a.flow], q.served[b.flow]),
			q.waiting[a][0].began.Compare(q.waiting[b][0].began))
	})
	var wants []want
	named := map[class]int{}
	for _, key := range keys {
		of := class{key.flow.Lane, key.kind}
		if named[of]++; named[of] <= mostWants {
			wants = append(wants, want{
				Lane: key.flow.Lane, Workspace: key.flow.Workspace, Operation: key.flow.Operation, Kind: key.kind,
				N: min(len(q.waiting[key]), mostOfOne),
			})
		}
	}
	return wants
}

func (q *queue) len() (n int) {
	for _, number := range q.number {
		n += number
	}
	return n
}
