package githubsim

import (
	"fmt"
	"slices"
)

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
			r.tellRef("tag", n.Tag, hash{}, head)
		}
	}
	v := release{
		id: r.nextID(), tag: n.Tag, name: n.Name, target: r.info.defaultBranch, body: literal(n.Body),
		author: r.addUser(n.By), created: r.now(), published: r.now(),
	}
	r.releases = append(r.releases, v)
	r.touch()
	r.tellRelease(len(r.releases)-1, "published")
	return v.id
}

// ReleaseEdit is what EditRelease changes; nil fields stay.
type ReleaseEdit struct {
	Name, Body *string
	Prerelease *bool
}

// EditRelease changes a release.
func (r *Repository) EditRelease(id int64, edit ReleaseEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, err := r.findRelease(id)
	if err != nil {
		return err
	}
	if edit.Name != nil {
		v.name = *edit.Name
	}
	if edit.Body != nil {
		v.body = literal(*edit.Body)
	}
	if edit.Prerelease != nil {
		v.prerelease = *edit.Prerelease
	}
	v.updated = r.now()
	r.tellRelease(r.placeOf(v), "edited")
	return nil
}

// DeleteRelease deletes a release. Its tag stays.
func (r *Repository) DeleteRelease(id int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, err := r.findRelease(id)
	if err == nil {
		v.deleted = true
		r.tellRelease(r.placeOf(v), "deleted")
	}
	return err
}

// Download counts n more downloads of each asset of all releases.
func (r *Repository) Download(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.releases {
		for a := range r.releases[i].assets {
			r.releases[i].assets[a].downloads += int64(n)
		}
	}
}

func (r *Repository) findRelease(id int64) (*release, error) {
	i := slices.IndexFunc(r.releases, func(v release) bool { return v.id == id && !v.deleted })
	if i < 0 {
		return nil, fmt.Errorf("there is no release %d", id)
	}
	return &r.releases[i], nil
}

func (r *Repository) placeOf(v *release) int {
	return slices.IndexFunc(r.releases, func(o release) bool { return o.id == v.id })
}
