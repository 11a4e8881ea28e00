package githubsim

import (
	"fmt"
	"slices"
	"time"
)

// AddMilestone opens a milestone and gives its number.
func (r *Repository) AddMilestone(title, description, by string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := int32(1)
	for i := range r.milestones {
		number = max(number, r.milestones[i].number+1)
	}
	r.milestones = append(r.milestones, milestone{
		id: r.nextID(), number: number, title: title, description: description, creator: r.addUser(by),
		created: r.now(), updated: r.now(),
	})
	r.renderMilestone(int32(len(r.milestones) - 1))
	r.tellOfMilestone(int32(len(r.milestones)-1), "created")
	return int(number)
}

func (r *Repository) findMilestone(number int) (int32, error) {
	if number == 0 {
		return none, nil
	}
	i := slices.IndexFunc(r.milestones, func(m milestone) bool { return int(m.number) == number && !m.deleted })
	if i < 0 {
		return none, fmt.Errorf("there is no milestone %d", number)
	}
	return int32(i), nil
}

// MilestoneEdit is what EditMilestone changes; nil fields stay.
type MilestoneEdit struct {
	Title, Description *string
	State              *string    // "open" or "closed"
	Due                *time.Time // the zero time: none
}

// EditMilestone changes a milestone wherever it is shown. The updated_at of what
// belongs to it stays.
func (r *Repository) EditMilestone(number int, edit MilestoneEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.existingMilestone(number)
	if err != nil {
		return err
	}
	m := &r.milestones[i]
	if edit.Title != nil {
		m.title = *edit.Title
	}
	if edit.Description != nil {
		m.description = *edit.Description
	}
	if edit.State != nil {
		m.closedAt = 0
		if *edit.State == stateName(false) {
			m.closedAt = r.now()
		}
	}
	if edit.Due != nil {
		m.due = stampOf(*edit.Due)
	}
	m.updated = max(m.updated, r.now())
	r.renderMilestone(i)
	if edit.State != nil {
		r.tellOfMilestone(i, oneName(m.closedAt == 0, "opened", "closed"))
	} else {
		r.tellOfMilestone(i, "edited")
	}
	return nil
}

// DeleteMilestone deletes a milestone. What belonged to it belongs to none; its
// updated_at stays.
func (r *Repository) DeleteMilestone(number int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.existingMilestone(number)
	if err != nil {
		return err
	}
	r.milestones[i].deleted = true
	for n := range r.issues {
		if r.issues[n].milestone == i {
			r.issues[n].milestone = none
		}
	}
	r.tellOfMilestone(i, "deleted")
	return nil
}

func (r *Repository) existingMilestone(number int) (int32, error) {
	i, err := r.findMilestone(number)
	if err == nil && i == none {
		err = fmt.Errorf("there is no milestone %d", number)
	}
	return i, err
}
