package forecast

// perPage is the page size of every list.
const perPage = 100

// List is how a collection is read by the next pass.
type List struct {
	Items int64 // that GitHub lists, or that the mirror holds
	// Whole tells that all of them are asked for; else only whether any has moved.
	Whole bool
	// CatchUp tells that a whole reading ends with a question for what moved meanwhile.
	CatchUp bool
	// Probes are the requests that tell whether the list has shifted while it was read.
	Probes int64
	// Lists is how many lists are read, one for each of so many parents; 0: it is one.
	Lists int64
	// PerRequest is how many parents' lists one request brings; 0 means 1.
	PerRequest int64
}

// Requests is how many requests the list takes at least.
func (l List) Requests() int64 {
	switch {
	case l.Lists > 0:
		per := max(l.PerRequest, 1)
		return (l.Lists + per - 1) / per
	case !l.Whole:
		return 1
	case l.CatchUp:
		return Pages(l.Items) + l.Probes + 1
	default:
		return Pages(l.Items) + l.Probes
	}
}

// Single is how many of the requests go out alone: see Job.
func (l List) Single() int64 {
	switch {
	case l.Lists > 0:
		return 0
	case l.Whole && l.CatchUp:
		return 2
	default:
		return 1
	}
}

// Pages is how many pages so many items fill; none fill one.
func Pages(items int64) int64 { return max(1, (items+perPage-1)/perPage) }
