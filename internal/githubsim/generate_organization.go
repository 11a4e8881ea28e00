package githubsim

import (
	"fmt"
	"strconv"
)

// OrganizationSpec says what GenerateOrganization makes.
type OrganizationSpec struct {
	Login string // default: harborline

	Repositories int
	Each         Spec // of each repository; its owner and name do not count
	// How many of the repositories are archived, forks, or private: the first are
	// plain, the last ones these, in this order.
	Archived, Forks, Private int

	Members int // every fifth of them is an owner
	Teams   int // each with some of the members and of the repositories; every third is part of the one before
}

// GenerateOrganization makes up an organization and its repositories, called
// relay-0001 and so on. The same seed and spec give the same to the byte. A Server
// serves them once both AddOrganization and Add were called.
func GenerateOrganization(seed uint64, spec OrganizationSpec) (*Organization, []*Repository, error) {
	if spec.Login == "" {
		spec.Login = "harborline"
	}
	if spec.Each.People == 0 {
		spec.Each.People = 3
	}
	o := NewOrganization(spec.Login)
	random := newRandom(seed)
	repositories := make([]*Repository, spec.Repositories)
	for i := range repositories {
		one := spec.Each
		one.Owner, one.Name = spec.Login, fmt.Sprintf("relay-%04d", i+1)
		repositories[i] = Generate(random.next(), one)
		repositories[i].become(i-(spec.Repositories-spec.Archived-spec.Forks-spec.Private), spec)
	}
	var logins []string
	for i := range spec.Members {
		login := pick(random, givenNames) + "-" + pick(random, familyNames) + strconv.Itoa(i)
		o.AddMember(login, i%5 == 0)
		logins = append(logins, login)
	}
	slug := ""
	for i := range spec.Teams {
		parent := ""
		if i%3 == 2 {
			parent = slug
		}
		var err error
		slug, err = o.AddTeam(NewTeam{Name: fmt.Sprintf("Team %d", i+1), Description: pick(random, components), Secret: i%4 == 3, Parent: parent})
		if err != nil {
			return nil, nil, fmt.Errorf("make a team: %w", err)
		}
		if err := o.fill(random, slug, logins, repositories); err != nil {
			return nil, nil, fmt.Errorf("fill a team: %w", err)
		}
	}
	return o, repositories, nil
}

// become makes the n-th of the repositories that are not plain what it is to be.
func (r *Repository) become(n int, spec OrganizationSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case n < 0:
		return
	case n < spec.Archived:
		r.info.archived = true
	case n < spec.Archived+spec.Forks:
		r.info.fork = true
	default:
		r.info.private = true
	}
	r.renderInfo(&r.info)
}

// fill puts every third member and every fifth repository into a team.
func (o *Organization) fill(random *random, slug string, logins []string, repositories []*Repository) error {
	for i := random.below(3); i < len(logins); i += 3 {
		if err := o.AddTeamMember(slug, logins[i]); err != nil {
			return err
		}
	}
	for i := random.below(5); i < len(repositories); i += 5 {
		if err := o.SetTeamRepository(slug, repositories[i], roles[random.below(len(roles))]); err != nil {
			return err
		}
	}
	return nil
}
