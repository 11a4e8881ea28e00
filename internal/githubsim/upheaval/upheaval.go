// Package upheaval edits a simulated repository at random, in all ways in which
// GitHub's users, its staff and its own janitors do: for tests that a mirror
// converges. What happens is data, an [Action] drawn by rapid, so that the same
// sequence can be played again.
package upheaval

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// Action is one thing that happens, to what its picks choose among all that there is.
type Action struct {
	Name  string    `json:"name"`
	Picks [4]uint32 `json:"picks"`
}

// String is short enough for a log that is read after a failure.
func (a Action) String() string { return fmt.Sprintf("%s %v", a.Name, a.Picks) }

// Site is a repository that things happen to.
type Site struct {
	Server     *githubsim.Server
	Repository *githubsim.Repository
	Dock       *githubsim.Repository // where issues are transferred to; nil: none are
	serial     int                   // makes names
}

// Do carries an action out. What cannot be done, such as deleting an issue where
// there is none, is left out: did is false then.
func (s *Site) Do(a Action) (did bool, err error) {
	f, ok := actions()[a.Name]
	if !ok {
		return false, fmt.Errorf("there is no action %q", a.Name)
	}
	s.serial++
	err = f(s, &picks{left: a.Picks[:]})
	if nothing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", a, err)
	}
	return true, nil
}

// Names are the names of all actions, sorted.
func Names() []string { return slices.Sorted(maps.Keys(actions())) }

// Generator draws an action, each kind as often as any other but for those left out.
func Generator(without ...string) *rapid.Generator[Action] {
	names := slices.DeleteFunc(Names(), func(name string) bool { return slices.Contains(without, name) })
	return rapid.Custom(func(t *rapid.T) Action {
		a := Action{Name: rapid.SampledFrom(names).Draw(t, "action")}
		for i := range a.Picks {
			a.Picks[i] = rapid.Uint32().Draw(t, "pick")
		}
		return a
	})
}

type action func(s *Site, p *picks) error

// actions are all that can happen, by name.
func actions() map[string]action {
	all := map[string]action{}
	for _, some := range []map[string]action{issueActions, labelActions, pullActions, gitActions, repositoryActions, aroundActions} {
		maps.Copy(all, some)
	}
	return all
}

// picks are the choices of an action, in the order in which it asks for them.
type picks struct{ left []uint32 }

func (p *picks) next() uint32 {
	if len(p.left) == 0 {
		return 0
	}
	n := p.left[0]
	p.left = p.left[1:]
	return n
}

// of is a number below n, which is positive.
func (p *picks) of(n int) int { return int(p.next() % uint32(n)) }

// nothingError tells that there is nothing to do an action to.
type nothingError string

func (e nothingError) Error() string { return "there is no " + string(e) }

func nothing(err error) bool {
	_, ok := err.(nothingError) //nolint:errorlint // never wrapped
	return ok
}

// object is what actions have to know of an item.
type object struct {
	ID          int64           `json:"id"`
	Number      int             `json:"number"`
	Name        string          `json:"name"`
	SHA         string          `json:"sha"`
	State       string          `json:"state"`
	Title       string          `json:"title"`
	MergedAt    *string         `json:"merged_at"`
	PullRequest json.RawMessage `json:"pull_request"`
	Labels      []named         `json:"labels"`
	User        *named          `json:"user"`
	Head        struct {
		Repo *named `json:"repo"`
	} `json:"head"`
}

// named is what actions have to know of what is inside an item.
type named struct {
	Login string `json:"login"`
	Fork  bool   `json:"fork"`
}

// one picks an item of a collection that is as wanted.
func (s *Site) one(p *picks, collection string, wanted func(object) bool) (object, error) {
	owner, name, _ := strings.Cut(s.Repository.FullName(), "/")
	var all []object
	for _, raw := range s.Server.Items(owner, name, collection) {
		var o object
		if err := json.Unmarshal(raw, &o); err != nil {
			return o, fmt.Errorf("read one of the %s: %w", collection, err)
		}
		if wanted(o) {
			all = append(all, o)
		}
	}
	if len(all) == 0 {
		return object{}, nothingError(collection)
	}
	return all[p.of(len(all))], nil
}

func anyOne(object) bool        { return true }
func isIssue(o object) bool     { return o.PullRequest == nil }
func isUnmerged(o object) bool  { return o.MergedAt == nil }
func isOpen(o object) bool      { return o.State == "open" }
func isFromAFork(o object) bool { return o.Head.Repo != nil && o.Head.Repo.Fork }

// text and slug are words and a name that nothing else has.
func (s *Site) text(of string) string { return fmt.Sprintf("%s %d", of, s.serial) }
func (s *Site) slug(of string) string { return fmt.Sprintf("%s-%d", of, s.serial) }

// who is somebody who writes.
func who(p *picks) string {
	return []string{"ada", "ben", "eve", "zoe", "dependabot[bot]", "newcomer"}[p.of(6)]
}
