package githubsim

import (
	"net/url"
	"slices"
)

type label struct {
	id                       int64
	name, description, color string
	isDefault, deleted       bool
	json                     []byte
}

type milestone struct {
	id                 int64
	number             int32
	title, description string
	creator            int32
	open, closed       int32
	created, updated   stamp
	closedAt, due      stamp
	deleted            bool
	json               []byte
}

func (m *milestone) in(state stateKey) bool {
	return !m.deleted && (state == anyState || (state == openState) == (m.closedAt == 0))
}

// labelID derives a label's number from its name, so that archives of one
// repository agree about it. A label that takes the place of a deleted one gets another.
func (r *Repository) labelID(name string) int64 {
	id := 1_000_000_000 + int64(hashOf("label", r.info.fullName, name)%4_000_000_000)
	for slices.ContainsFunc(r.labels, func(l label) bool { return l.id == id }) {
		id++
	}
	return id
}

// findLabel is the index of the label with a name.
func (r *Repository) findLabel(name string) (int, bool) {
	i := slices.IndexFunc(r.labels, func(l label) bool { return sameName(l.name, name) && !l.deleted })
	return i, i >= 0
}

// addLabel is the index of the label with a name, which is made if need be.
func (r *Repository) addLabel(name, color, description string) uint16 {
	if i, ok := r.findLabel(name); ok {
		return uint16(i)
	}
	r.labels = append(r.labels, label{
		id: r.labelID(name), name: name, color: color, description: description, isDefault: defaultLabels[name],
	})
	r.renderLabel(len(r.labels) - 1)
	r.tellLabel(len(r.labels)-1, "created")
	return uint16(len(r.labels) - 1)
}

var defaultLabels = map[string]bool{
	"bug": true, "documentation": true, "duplicate": true, "enhancement": true, "good first issue": true,
	"help wanted": true, "invalid": true, "question": true, "wontfix": true,
}

func (r *Repository) renderLabel(i int) {
	l := &r.labels[i]
	e := encoder{b: l.json[:0]}
	e.raw(`{"id":`).num(l.id).raw(`,"node_id":`).node("LA_", r.info.id, l.id)
	e.raw(`,"url":`).str(r.api + "/labels/" + url.PathEscape(l.name)).raw(`,"name":`).str(l.name)
	e.raw(`,"color":`).str(l.color).raw(`,"default":`).flag(l.isDefault)
	e.raw(`,"description":`).strOrNull(l.description).raw("}")
	l.json = e.b
}

func (r *Repository) renderMilestone(i int32) {
	m := &r.milestones[i]
	e := encoder{b: m.json[:0]}
	n := int64(m.number)
	e.raw(`{"url":"`).raw(r.api).raw("/milestones/").num(n).raw(`","html_url":"`).raw(r.web).raw("/milestone/").num(n)
	e.raw(`","labels_url":"`).raw(r.api).raw("/milestones/").num(n).raw(`/labels","id":`).num(m.id)
	e.raw(`,"node_id":`).node("MI_", r.info.id, m.id).raw(`,"number":`).num(n)
	e.raw(`,"title":`).str(m.title).raw(`,"description":`).strOrNull(m.description)
	e.raw(`,"creator":`).userRef(r, m.creator)
	e.raw(`,"open_issues":`).num(int64(m.open)).raw(`,"closed_issues":`).num(int64(m.closed))
	e.raw(`,"state":`).str(stateName(m.closedAt == 0))
	e.raw(`,"created_at":`).time(m.created).raw(`,"updated_at":`).time(m.updated)
	e.raw(`,"due_on":`).time(m.due).raw(`,"closed_at":`).time(m.closedAt).raw("}")
	m.json = e.b
}

func stateName(open bool) string {
	if open {
		return "open"
	}
	return "closed"
}

func (e *encoder) labelRefs(r *Repository, labels []uint16) {
	e.raw("[")
	for n, l := range labels {
		if n > 0 {
			e.raw(",")
		}
		e.json(r.labels[l].json)
	}
	e.raw("]")
}

func (e *encoder) milestoneRef(r *Repository, i int32) *encoder {
	if i == none {
		return e.raw("null")
	}
	return e.json(r.milestones[i].json)
}
