package collection

import "slices"

// Registry finds collections by name.
type Registry struct{ all []Collection }

// NewRegistry holds All.
func NewRegistry() *Registry { return &Registry{all: All()} }

// ByName is the collection called name.
func (r *Registry) ByName(name string) (Collection, bool) {
	i := slices.IndexFunc(r.all, func(c Collection) bool { return c.Name == name })
	if i < 0 {
		return Collection{}, false
	}
	return r.all[i], true
}

// All lists the collections in the plan's order.
func (r *Registry) All() []Collection { return slices.Clone(r.all) }

// ByEvent lists the collections that a webhook event nominates, in the plan's order.
func (r *Registry) ByEvent(event string) []Collection {
	var out []Collection
	for _, c := range r.all {
		if slices.Contains(c.Events, event) {
			out = append(out, c)
		}
	}
	return out
}

// Names lists the collections' names in the plan's order.
func (r *Registry) Names() []string {
	names := make([]string, len(r.all))
	for i, c := range r.all {
		names[i] = c.Name
	}
	return names
}

// The presets that a sync may name instead of collections.
const (
	PresetCore = "core" // what a sync reads that does not say what it wants
	PresetAll  = "all"
)

// Presets lists the presets' names.
func Presets() []string { return []string{PresetCore, PresetAll} }

// Expand turns names and presets into the names of collections of a scope, in the
// plan's order and each once. None at all means PresetCore. What is listed per
// parent comes with its parent, and a scope's single object is always there.
func (r *Registry) Expand(scope Scope, names []string) []string {
	if len(names) == 0 {
		names = []string{PresetCore}
	}
	wanted := map[string]bool{}
	for _, c := range slices.Backward(r.all) {
		wanted[c.Name] = wanted[c.Name] || slices.Contains(names, c.Name) || slices.Contains(names, PresetAll) ||
			c.Core && slices.Contains(names, PresetCore)
		if wanted[c.Name] && c.Parents != nil {
			wanted[c.Parents.Collection] = true
		}
	}
	var out []string
	for _, c := range r.all {
		if c.Scope == scope && (wanted[c.Name] || c.Mode == Single) {
			out = append(out, c.Name)
		}
	}
	return out
}

// ByName is the collection called name, from a registry made for the call.
func ByName(name string) (Collection, bool) { return NewRegistry().ByName(name) }
