package githubsim

import (
	"fmt"
	"slices"
)

// CreateLabel makes a label and gives its id.
func (r *Repository) CreateLabel(name, color, description string) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, found := r.findLabel(name); found {
		return 0, fmt.Errorf("there is a label %s already", name)
	}
	i := r.addLabel(name, color, description)
	return r.labels[i].id, nil
}

// LabelEdit is what EditLabel changes; empty fields stay.
type LabelEdit struct{ Name, Color, Description string }

// EditLabel changes a label wherever it is shown. No updated_at moves.
func (r *Repository) EditLabel(name string, edit LabelEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, found := r.findLabel(name)
	if !found {
		return fmt.Errorf("there is no label %s", name)
	}
	if other, taken := r.findLabel(edit.Name); taken && other != i {
		return fmt.Errorf("there is a label %s already", edit.Name)
	}
	l := &r.labels[i]
	for to, value := range map[*string]string{&l.name: edit.Name, &l.color: edit.Color, &l.description: edit.Description} {
		if value != "" {
			*to = value
		}
	}
	r.renderLabel(i)
	r.tellLabel(i, "edited")
	return nil
}

// DeleteLabel deletes a label, and takes it from all that has it. No updated_at moves.
func (r *Repository) DeleteLabel(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, found := r.findLabel(name)
	if !found {
		return fmt.Errorf("there is no label %s", name)
	}
	r.labels[i].deleted = true
	for n := range r.issues {
		is := &r.issues[n]
		is.labels = slices.DeleteFunc(is.labels, func(l uint16) bool { return int(l) == i })
	}
	r.tellLabel(i, "deleted")
	return nil
}

// ReorderLabels shows the labels of an issue or a pull request in the opposite
// order, as GitHub's lists do now and then. Nothing else moves.
func (r *Repository) ReorderLabels(number int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.update(number, false, func(is *issue) error {
		slices.Reverse(is.labels)
		return nil
	})
}
