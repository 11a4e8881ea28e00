package githubsim

import "net/url"

type label struct {
	id                       int64
	name, description, color string
	isDefault                bool
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
	json               []byte
}

func (m *milestone) in(state stateKey) bool {
	return state == anyState || (state == openState) == (m.closedAt == 0)
}

// labelID derives a label's number from its name, so that archives of one
// repository agree about it.
func (r *Repository) labelID(name string) int64 {
	return 1_000_000_000 + int64(hashOf("label", r.info.fullName, name)%4_000_000_000)
}

// addLabel is the index of the label with a name, which is made if need be.
func (r *Repository) addLabel(name, color, description string) uint16 {
	for i := range r.labels {
		if sameName(r.labels[i].name, name) {
			return uint16(i)
		}
	}
	r.labels = append(r.labels, label{
		id: r.labelID(name), name: name, color: color, description: description, isDefault: defaultLabels[name],
	})
	r.renderLabel(len(r.labels) - 1)
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
