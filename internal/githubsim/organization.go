package githubsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Organization is an organization that a Server can serve. Its repositories are those
// of the server whose owner has its login. All of its methods are safe for concurrent use.
type Organization struct {
	mu    sync.RWMutex
	clock func() time.Time

	account           user
	name, description string
	created, updated  stamp
	members           []member // by id
	teams             []*team  // by name
	lastTeam          int64
}

// member is a user of an organization.
type member struct {
	user
	admin bool
}

// team is a group of members and what it may do with repositories.
type team struct {
	id           int64
	name, slug   string
	description  string
	secret       bool
	parent       *team
	members      []int64 // ids of users
	repositories []grant
}

// grant is what a team may do with a repository.
type grant struct {
	repository int64 // its id
	role       string
}

// NewOrganization is an organization without members and teams.
func NewOrganization(login string) *Organization {
	created := stampOf(time.Date(2019, 3, 4, 9, 30, 0, 0, time.UTC))
	return &Organization{
		clock: time.Now, account: user{login: login, id: loginID(login), kind: kindOrganization},
		name: login, created: created, updated: created,
	}
}

// Login is the organization's name in URLs.
func (o *Organization) Login() string { return o.account.login }

// ID is GitHub's number of the organization.
func (o *Organization) ID() int64 { return o.account.id }

func (o *Organization) touch() { o.updated = max(o.updated, stampOf(o.clock())) }

// change edits the organization.
func (o *Organization) change(f func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return f()
}

// Describe changes what GitHub tells of the organization itself.
func (o *Organization) Describe(name, description string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.name, o.description = name, description
	o.touch()
}

// AddMember makes a user a member; admin: an owner of the organization.
func (o *Organization) AddMember(login string, admin bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i, found := o.findMember(login); found {
		o.members[i].admin = admin
		return
	}
	m := member{user: user{login: login, id: loginID(login)}, admin: admin}
	if strings.HasSuffix(login, "[bot]") {
		m.kind = kindBot
	}
	for slices.ContainsFunc(o.members, func(other member) bool { return other.id == m.id }) {
		m.id++
	}
	o.members = append(o.members, m)
	slices.SortFunc(o.members, func(a, b member) int { return cmp.Compare(a.id, b.id) })
}

// RemoveMember ends a membership, in the teams as well.
func (o *Organization) RemoveMember(login string) error {
	return o.change(func() error {
		i, found := o.findMember(login)
		if !found {
			return fmt.Errorf("%s is no member of %s", login, o.account.login)
		}
		id := o.members[i].id
		o.members = slices.Delete(o.members, i, i+1)
		for _, t := range o.teams {
			t.members = slices.DeleteFunc(t.members, func(m int64) bool { return m == id })
		}
		return nil
	})
}

// RenameMember gives a member another login. The number stays.
func (o *Organization) RenameMember(login, newLogin string) error {
	return o.change(func() error {
		i, found := o.findMember(login)
		if _, taken := o.findMember(newLogin); !found || taken && !sameName(login, newLogin) {
			return fmt.Errorf("%s cannot become %s", login, newLogin)
		}
		o.members[i].login = newLogin
		return nil
	})
}

func (o *Organization) findMember(login string) (int, bool) {
	i := slices.IndexFunc(o.members, func(m member) bool { return sameName(m.login, login) })
	return i, i >= 0
}

// NewTeam is a team that does not exist yet.
type NewTeam struct {
	Name, Description string
	Secret            bool
	Parent            string // slug of the team that it is a part of; empty: none
}

// AddTeam makes a team and tells its slug: its name as GitHub writes it in URLs.
func (o *Organization) AddTeam(n NewTeam) (slug string, err error) {
	err = o.change(func() error {
		t := &team{name: n.Name, slug: slugOf(n.Name), description: n.Description, secret: n.Secret}
		if _, taken := o.findTeam(t.slug); taken || t.slug == "" {
			return fmt.Errorf("%s cannot have a team called %q", o.account.login, n.Name)
		}
		if n.Parent != "" {
			parent, found := o.findTeam(n.Parent)
			if !found {
				return fmt.Errorf("there is no team %s", n.Parent)
			}
			t.parent = parent
		}
		o.lastTeam++
		t.id = 3_000_000 + int64(hashOf("team", o.account.login)%1_000_000)*100 + o.lastTeam
		o.insertTeam(t)
		slug = t.slug
		return nil
	})
	return slug, err
}

func (o *Organization) insertTeam(t *team) {
	o.teams = append(o.teams, t)
	slices.SortFunc(o.teams, func(a, b *team) int { return strings.Compare(a.slug, b.slug) })
}

// RemoveTeam deletes a team and those that are parts of it.
// Source: docs.github.com/rest/teams/teams#delete-a-team.
func (o *Organization) RemoveTeam(slug string) error {
	return o.change(func() error {
		gone, found := o.findTeam(slug)
		if !found {
			return fmt.Errorf("there is no team %s", slug)
		}
		o.teams = slices.DeleteFunc(o.teams, func(t *team) bool { return t.within(gone) })
		return nil
	})
}

// RenameTeam gives a team another name, and so another slug. The number stays.
func (o *Organization) RenameTeam(slug, name string) (newSlug string, err error) {
	err = o.change(func() error {
		t, found := o.findTeam(slug)
		newSlug = slugOf(name)
		if other, taken := o.findTeam(newSlug); !found || newSlug == "" || taken && other != t {
			return fmt.Errorf("the team %s cannot be called %q", slug, name)
		}
		o.teams = slices.DeleteFunc(o.teams, func(other *team) bool { return other == t })
		t.name, t.slug = name, newSlug
		o.insertTeam(t)
		return nil
	})
	return newSlug, err
}

// AddTeamMember puts a member of the organization into a team.
func (o *Organization) AddTeamMember(slug, login string) error {
	return o.change(func() error {
		t, found := o.findTeam(slug)
		i, member := o.findMember(login)
		if !found || !member {
			return fmt.Errorf("%s cannot be in the team %s", login, slug)
		}
		if id := o.members[i].id; !slices.Contains(t.members, id) {
			t.members = append(t.members, id)
		}
		return nil
	})
}

// RemoveTeamMember takes a member out of a team.
func (o *Organization) RemoveTeamMember(slug, login string) error {
	return o.change(func() error {
		t, found := o.findTeam(slug)
		i, member := o.findMember(login)
		if !found || !member || !slices.Contains(t.members, o.members[i].id) {
			return fmt.Errorf("%s is not in the team %s", login, slug)
		}
		t.members = slices.DeleteFunc(t.members, func(id int64) bool { return id == o.members[i].id })
		return nil
	})
}

// SetTeamRepository says what a team may do with a repository: read, triage, write,
// maintain or admin; empty: nothing any more.
func (o *Organization) SetTeamRepository(slug string, r *Repository, role string) error {
	return o.change(func() error {
		t, found := o.findTeam(slug)
		if !found || role != "" && !slices.Contains(roles, role) {
			return fmt.Errorf("the team %s cannot have the role %q", slug, role)
		}
		t.repositories = slices.DeleteFunc(t.repositories, func(g grant) bool { return g.repository == r.ID() })
		if role != "" {
			t.repositories = append(t.repositories, grant{r.ID(), role})
		}
		return nil
	})
}

func (o *Organization) findTeam(slug string) (*team, bool) {
	i := slices.IndexFunc(o.teams, func(t *team) bool { return t.slug == slug })
	if i < 0 {
		return nil, false
	}
	return o.teams[i], true
}

// within tells whether t is a team or a part of it.
func (t *team) within(whole *team) bool {
	for ; t != nil; t = t.parent {
		if t == whole {
			return true
		}
	}
	return false
}

// slugOf is a name as GitHub writes it in URLs: lower case, one hyphen for all that
// is neither letter, digit nor underscore.
func slugOf(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
	})
	return strings.Join(parts, "-")
}
