package github

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/connection"
)

// CredentialError says that there is no credential to ask GitHub with: none serves the
// repository, or GitHub refuses those that do. Nothing was sent. It passes when a
// connection is mended, added or switched on.
type CredentialError struct {
	Reason string // for people, a sentence or more
}

func (e *CredentialError) Error() string { return "no GitHub credential: " + e.Reason }

// purpose is what a client is wanted for: a repository, an owner, or one connection.
type purpose struct {
	owner, name string
	connection  string
}

func (o purpose) String() string {
	if o.name == "" {
		return o.owner
	}
	return o.owner + "/" + o.name
}

// of are the connections that are meant for it. The one without a credential counts
// only where there is no other.
func (o purpose) of(held []connection.Held) []connection.Held {
	named := slices.ContainsFunc(held, func(h connection.Held) bool { return h.Kind != connection.KindAnonymous })
	var out []connection.Held
	for _, h := range held {
		meant := o.connection == h.ID
		if o.connection == "" {
			meant = (h.Kind != connection.KindAnonymous || !named) && h.Serves(o.owner, o.name)
		}
		if meant {
			out = append(out, h)
		}
	}
	return out
}

// fit tells whether the connection may be used.
func (e *entry) fit(now time.Time) bool {
	if e.client == nil || now.Before(e.refused) {
		return false
	}
	return e.held.State == connection.StateOK || e.held.State == connection.StateUnchecked
}

// due tells whether GitHub is to be asked about the credential before it is used:
// nobody has yet, or it was refused, and a while ago.
func (e *entry) due(now time.Time) bool {
	if e.client == nil || now.Before(e.next) {
		return false
	}
	return e.held.State == connection.StateUnchecked || e.held.State == connection.StateRefused
}

// choose takes the client that the repository has a hash's preference for, so that all
// processes take the same one: entity tags depend on the credential. One that must wait
// stands behind those that need not; of those that must, the first to be let through
// goes first.
func choose(fit []*Client, lane budget.Lane, resource budget.Resource, owner, name string, now time.Time) *Client {
	repository := strings.ToLower(owner + "/" + name)
	wait, order := waits(fit, lane, resource, now), make([]int, len(fit))
	preference := make([]uint64, len(fit))
	for i, c := range fit {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s\x00%s", repository, c.connection)
		order[i], preference[i] = i, mixed(h.Sum64())
	}
	return fit[slices.MinFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(wait[a], wait[b]), cmp.Compare(preference[a], preference[b]), cmp.Compare(fit[a].connection, fit[b].connection))
	})]
}

// waits are how long each client has to wait in a lane for a resource. Where there is no
// GraphQL the REST API is asked instead.
func waits(fit []*Client, lane budget.Lane, resource budget.Resource, now time.Time) []time.Duration {
	out := make([]time.Duration, len(fit))
	for i, c := range fit {
		of := resource
		if of == budget.GraphQL && !c.Queries() {
			of = budget.Core
		}
		out[i] = waitOf(c.account.Peek(lane, of), now)
	}
	return out
}

// together adds to the pace of one client what the accounts of the others allow. They
// reset at different times: what counts is the mean, by how much each allows.
func together(pace budget.Pace, client *Client, fit []*Client, now time.Time) budget.Pace {
	seen := map[*budget.Account]bool{client.account: true}
	reset := float64(pace.Limit) * pace.Reset.Sub(now).Seconds()
	for _, c := range fit {
		if seen[c.account] {
			continue
		}
		seen[c.account] = true
		other := c.account.Pace()
		if !other.Known {
			continue
		}
		pace.Limit, pace.Left = pace.Limit+other.Limit, pace.Left+other.Left
		reset += float64(other.Limit) * other.Reset.Sub(now).Seconds()
		if other.Held.Before(pace.Held) {
			pace.Held = other.Held
		}
	}
	if pace.Limit > 0 {
		pace.Reset = now.Add(time.Duration(reset / float64(pace.Limit) * float64(time.Second)))
	}
	return pace
}

// mixed spreads what two similar ids have in common over all bits (the finalizer of
// MurmurHash3).
func mixed(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// waitOf is how long an account lets nothing through, as far as this process knows.
func waitOf(s budget.Standing, now time.Time) time.Duration {
	switch {
	case s.Held.After(now):
		return s.Held.Sub(now)
	case s.Known && s.Left <= 0:
		return max(s.Reset.Sub(now), 0)
	default:
		return 0
	}
}

// noneFit says why no connection can be used for something.
func noneFit(w *workspace, serving []connection.Held, what purpose) error {
	switch {
	case len(serving) == 0 && what.connection != "":
		return &CredentialError{Reason: "The connection was deleted."}
	case len(serving) == 0:
		return &CredentialError{Reason: fmt.Sprintf("No connection of this workspace serves %s.", what)}
	}
	reasons := make([]string, len(serving))
	for i, h := range serving {
		reasons[i] = fmt.Sprintf("The connection %q: %s", h.Name, w.entries[h.ID].unfit())
	}
	return &CredentialError{Reason: strings.Join(reasons, " ")}
}

// unfit is why the connection may not be used, as a sentence.
func (e *entry) unfit() string {
	switch {
	case e.broken != "":
		return e.broken
	case e.held.StateReason != "":
		return e.held.StateReason
	case e.held.State == connection.StateDisabled:
		return "It is switched off."
	default:
		return "GitHub does not accept its credential."
	}
}
