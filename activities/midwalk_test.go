package activities_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// midwalk is a mode of listing and what may happen to a list while it is read.
type midwalk struct {
	mode, collection string
	spec             githubsim.Spec
	fill             func(*githubsim.Repository) error // before the first pass; nil: the spec is enough
	touch            func(*githubsim.Repository) error // makes a later pass read several pages; nil: they do not
	happens          map[string]func(*githubsim.Repository) error
}

// each does something for numbers from 1 to n.
func each(n int, f func(n int) error) error {
	for i := range n {
		if err := f(i + 1); err != nil {
			return err
		}
	}
	return nil
}

func edited(r *githubsim.Repository, number int) error {
	title := fmt.Sprintf("edited %d", number)
	return r.EditIssue(number, githubsim.IssueEdit{Title: &title})
}

func midwalks() []midwalk {
	type does = map[string]func(*githubsim.Repository) error
	return []midwalk{
		{
			mode: "full_list", collection: "labels",
			fill: func(r *githubsim.Repository) error {
				return each(400, func(n int) error {
					_, err := r.CreateLabel(fmt.Sprintf("l-%03d", n-1), "ededed", "")
					return err
				})
			},
			happens: does{
				"edit":      func(r *githubsim.Repository) error { return r.EditLabel("l-390", githubsim.LabelEdit{Name: "a-390"}) },
				"insertion": func(r *githubsim.Repository) error { _, err := r.CreateLabel("a-0", "ededed", ""); return err },
				"deletion":  func(r *githubsim.Repository) error { return r.DeleteLabel("l-000") },
			},
		},
		{
			mode: "since", collection: "issues", spec: githubsim.Spec{Issues: 420},
			touch: func(r *githubsim.Repository) error { return each(350, func(n int) error { return edited(r, n) }) },
			happens: does{
				"edit": func(r *githubsim.Repository) error { return edited(r, 7) },
				"insertion": func(r *githubsim.Repository) error {
					_, err := r.OpenIssue(githubsim.NewIssue{Title: "inserted", By: "ada"})
					return err
				},
				"deletion": func(r *githubsim.Repository) error { return r.DeleteIssue(3) },
			},
		},
		{
			mode: "newest_first", collection: "pulls", spec: githubsim.Spec{Pulls: 420, Commits: 40},
			touch: func(r *githubsim.Repository) error { return each(350, func(n int) error { return edited(r, n) }) },
			happens: does{
				"edit": func(r *githubsim.Repository) error { return edited(r, 7) },
				"insertion": func(r *githubsim.Repository) error {
					_, err := r.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "inserted", By: "ada"}, Head: r.DefaultBranch()})
					return err
				},
				"deletion": func(r *githubsim.Repository) error { return r.VanishPull(3) },
			},
		},
		{
			mode: "heads", collection: "commits", spec: githubsim.Spec{Commits: 420},
			touch: func(r *githubsim.Repository) error { return pushed(r, 320) },
			happens: does{
				"edit":      func(r *githubsim.Repository) error { return replaced(r) },
				"insertion": func(r *githubsim.Repository) error { return pushed(r, 3) },
				"deletion":  func(r *githubsim.Repository) error { return replaced(r) },
			},
		},
		{
			mode: "newest_created", collection: "workflow_runs", spec: githubsim.Spec{Commits: 40},
			fill:  func(r *githubsim.Repository) error { return ran(r, 320) },
			touch: func(r *githubsim.Repository) error { return ran(r, 250) },
			happens: does{
				"edit":      func(r *githubsim.Repository) error { return r.Rerun(oneRun(r), "ada") },
				"insertion": func(r *githubsim.Repository) error { return ran(r, 2) },
				"deletion":  func(r *githubsim.Repository) error { return r.DeleteRun(oneRun(r)) },
			},
		},
		{
			mode: "per_parent", collection: "reviews", spec: githubsim.Spec{Pulls: 60, Reviews: 200, Commits: 40},
			touch: func(r *githubsim.Repository) error { return each(60, func(n int) error { return edited(r, n) }) },
			happens: does{
				"edit": func(r *githubsim.Repository) error { return edited(r, 50) },
				"insertion": func(r *githubsim.Repository) error {
					_, err := r.AddReview(1, githubsim.NewReview{By: "ada", State: "APPROVED"})
					return err
				},
				"deletion": func(r *githubsim.Repository) error { return r.VanishPull(30) },
			},
		},
	}
}

func pushed(r *githubsim.Repository, n int) error {
	var commits []githubsim.NewCommit
	for i := range n {
		commits = append(commits, githubsim.NewCommit{Message: fmt.Sprintf("pushed %d", i), By: "ada"})
	}
	r.Push(r.DefaultBranch(), commits...)
	return nil
}

// ran has workflows run that have ended.
func ran(r *githubsim.Repository, n int) error {
	return each(n, func(int) error {
		id, err := r.StartRun(githubsim.NewRun{Workflow: "build", Event: "push", Actor: "ada"})
		if err != nil {
			return err
		}
		return r.FinishRun(id, "success")
	})
}

// oneRun is a run in the middle of all.
func oneRun(r *githubsim.Repository) int64 {
	sim := githubsim.New(githubsim.Options{})
	sim.Add(r)
	owner, name, _ := strings.Cut(r.FullName(), "/")
	left := sim.Count(owner, name, "workflow_runs") / 2
	for key := range sim.Items(owner, name, "workflow_runs") {
		if left--; left <= 0 {
			id, err := strconv.ParseInt(key, 10, 64)
			if err == nil {
				return id
			}
		}
	}
	return 0
}

// replaced moves the default branch away from what was read.
func replaced(r *githubsim.Repository) error {
	_, err := r.ForcePush(r.DefaultBranch(), "", githubsim.NewCommit{Message: "instead", By: "ada"})
	return err
}

// What happens to a list while it is read loses no item: what is there before and
// after the walk is mirrored after it, and the next sync makes all of it equal.
func TestNothingIsLostInTheMiddleOfAWalk(t *testing.T) { //nolint:tparallel // setup says it
	t.Parallel()
	for _, m := range midwalks() {
		for name, happens := range m.happens {
			for _, pass := range []string{"first", "later", "sweep"} {
				if pass == "later" && m.touch == nil {
					continue
				}
				for page := 1; page <= 2; page++ {
					if page == 1 && pass != "first" {
						continue // in the middle is enough there
					}
					t.Run(fmt.Sprintf("%s/%s/%s/page %d", m.mode, name, pass, page), func(t *testing.T) {
						m.play(t, pass, page, happens)
					})
				}
			}
		}
	}
}

// play lets something happen after the answer to the page-th request of a pass.
func (m midwalk) play(t *testing.T, pass string, page int, happens func(*githubsim.Repository) error) {
	t.Helper()
	var armed atomic.Pointer[func()]
	requests := atomic.Int64{}
	b := setup(t, 10, githubsim.Options{
		WithoutGraphQL: true,
		Observe: func(x githubsim.Exchange) {
			if f := armed.Load(); f != nil && (x.Endpoint == m.collection || x.Endpoint == "compare") && requests.Add(1) == int64(page) {
				(*f)()
			}
		},
	})
	b.repo = githubsim.Generate(3, m.spec)
	b.sim.Add(b.repo)
	if m.fill != nil {
		require.NoError(t, m.fill(b.repo))
	}
	if pass != "first" {
		b.syncOf(t, b.repo, m.collection)
	}
	if pass == "later" {
		require.NoError(t, m.touch(b.repo))
	}
	before := b.source(t, b.repo, []string{m.collection})
	happened := make(chan error, 1)
	act := func() { happened <- happens(b.repo) }
	armed.Store(&act)
	if pass == "sweep" {
		b.sweepOf(t, b.repo, m.collection)
	} else {
		b.syncOf(t, b.repo, m.collection)
	}
	armed.Store(nil)
	require.Len(t, happened, 1, "the walk has fewer requests")
	require.NoError(t, <-happened)
	after, mirror := b.source(t, b.repo, []string{m.collection}), b.mirrored(t, b.repo, []string{m.collection})
	for key := range before[m.collection] {
		if _, stays := after[m.collection][key]; stays {
			require.Contains(t, mirror[m.collection], key)
		}
	}
	b.syncOf(t, b.repo, m.collection)
	b.sweepOf(t, b.repo, m.collection)
	require.Empty(t, b.mirrored(t, b.repo, []string{m.collection}).difference(b.source(t, b.repo, []string{m.collection})))
}
