package budget

import "strconv"

// mostTurns bounds the virtual times that are kept. Beyond it all begin anew, equal.
const mostTurns = 4096

// fair decides whose turn it is: weighted fair queueing with start tags. Each lane, each
// workspace within a lane and each operation within a workspace has a virtual time, which
// its requests move on by what they cost over its weight; the earliest is next. Who was
// idle begins at the time that the others have reached, without credit.
type fair struct {
	times map[string]float64
}

func newFair() *fair { return &fair{times: map[string]float64{}} }

// pick chooses among wants the one whose turn it is and charges it. may tells which
// of them can be served at all; none: -1.
func (f *fair) pick(wants []want, may func(want) bool) int {
	var able []int
	for i, w := range wants {
		if w.N > 0 && may(w) {
			able = append(able, i)
		}
	}
	if len(able) == 0 {
		return -1
	}
	if len(f.times) > mostTurns {
		clear(f.times)
	}
	charge := make([]tag, 0, 3)
	able = f.narrow("", able, &charge, func(i int) string { return wants[i].Lane.key() })
	lane := wants[able[0]].Lane
	able = f.narrow(lane.key(), able, &charge, func(i int) string { return lane.key() + "|" + wants[i].Workspace })
	workspace := lane.key() + "|" + wants[able[0]].Workspace
	able = f.narrow(workspace, able, &charge, func(i int) string { return workspace + "|" + wants[i].Operation })
	cost := float64(wants[able[0]].Kind.points())
	for level, t := range charge {
		weight := 1.0
		if level == 0 {
			weight = lane.weight()
		}
		f.times[t.key] = t.at + cost/weight
	}
	return able[0]
}

// tag is a virtual time.
type tag struct {
	key string
	at  float64
}

// narrow keeps those whose key has the earliest virtual time, and moves on the time that
// the keys of this parent have reached. Of equal ones the smaller key is first.
func (f *fair) narrow(parent string, able []int, charge *[]tag, key func(int) string) []int {
	reached := f.times["reached:"+parent]
	var first tag
	for n, i := range able {
		k := key(i)
		if at := max(f.times[k], reached); n == 0 || at < first.at || at == first.at && k < first.key {
			first = tag{k, at}
		}
	}
	f.times["reached:"+parent] = first.at
	*charge = append(*charge, first)
	var kept []int
	for _, i := range able {
		if key(i) == first.key {
			kept = append(kept, i)
		}
	}
	return kept
}

func (l Lane) key() string { return strconv.Itoa(int(l)) }
