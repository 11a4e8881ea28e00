package githubsim

import (
	"fmt"
	"slices"
	"strings"
)

// Star changes the number of stars by n, as much as the embedded copies of the
// repository show.
func (r *Repository) Star(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.stars += int32(n)
	r.touch()
}

// SetBlocked makes the repository answer 451; nil ends that.
func (r *Repository) SetBlocked(b *Block) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked = b
}

// SetPrivate hides the repository from requests without a token.
func (r *Repository) SetPrivate(private bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.private = private
	r.touch()
}

// SetGone makes the repository answer 404 to everyone, as if it were deleted or
// the credential had lost its access.
func (r *Repository) SetGone(gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = gone
}

// DisableIssues makes issues answer 410. Pull requests are served on.
func (r *Repository) DisableIssues(disabled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.hasIssues = !disabled
	r.touch()
}

// RenameUser gives a user another login. The number stays, and so do mentions in
// texts. No updated_at moves.
func (r *Repository) RenameUser(login, newLogin string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.byLogin[strings.ToLower(login)]
	if !ok {
		return fmt.Errorf("there is no user %s", login)
	}
	if other, taken := r.byLogin[strings.ToLower(newLogin)]; taken && other != i {
		return fmt.Errorf("there is a user %s already", newLogin)
	}
	delete(r.byLogin, strings.ToLower(login))
	r.byLogin[strings.ToLower(newLogin)] = i
	r.users[i].login = newLogin
	for n := range r.forks {
		if r.forks[n].owner == i {
			r.forks[n].fullName = newLogin + "/" + r.forks[n].name
		}
	}
	r.render()
	return nil
}

// rename is the repository's part of Server.Rename.
func (r *Repository) rename(owner, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if owner != "" {
		r.info.owner = r.addUser(owner)
	}
	r.setName(name)
	r.touch()
	r.render()
}

// LabelEdit is what EditLabel changes; empty fields stay.
type LabelEdit struct{ Name, Color, Description string }

// EditLabel changes a label wherever it is shown. No updated_at moves.
func (r *Repository) EditLabel(name string, edit LabelEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.labels {
		l := &r.labels[i]
		if !sameName(l.name, name) {
			continue
		}
		for to, value := range map[*string]string{&l.name: edit.Name, &l.color: edit.Color, &l.description: edit.Description} {
			if value != "" {
				*to = value
			}
		}
		r.renderLabel(i)
		return nil
	}
	return fmt.Errorf("there is no label %s", name)
}

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
	return int(number)
}

func (r *Repository) findMilestone(number int) (int32, error) {
	if number == 0 {
		return none, nil
	}
	i := slices.IndexFunc(r.milestones, func(m milestone) bool { return int(m.number) == number })
	if i < 0 {
		return none, fmt.Errorf("there is no milestone %d", number)
	}
	return int32(i), nil
}

// NewRelease is a release to create. Without a name it has none.
type NewRelease struct{ Tag, Name, Body, By string }

// CreateRelease publishes a release and gives its id. The tag is made on the
// default branch if there is none.
func (r *Repository) CreateRelease(n NewRelease) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, found := findRef(r.git.tags, n.Tag); !found {
		if head, ok := r.defaultHead(); ok {
			r.git.tags = setRef(r.git.tags, n.Tag, head)
		}
	}
	v := release{
		id: r.nextID(), tag: n.Tag, name: n.Name, target: r.info.defaultBranch, body: literal(n.Body),
		author: r.addUser(n.By), created: r.now(), published: r.now(),
	}
	r.releases = append(r.releases, v)
	r.touch()
	return v.id
}
