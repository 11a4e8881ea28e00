package activities_test

import (
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// midwalk is a mode of listing and what may happen to a list while it is read.
type midwalk struct {
	mode, collection string
	spec             githubsim.Spec
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
			mode: "full_list", collection: "labels", spec: githubsim.Spec{Labels: 60},
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
	if m.collection == "labels" {
		for n := range 400 {
			_, err := b.repo.CreateLabel(fmt.Sprintf("l-%03d", n), "ededed", "")
			require.NoError(t, err)
		}
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

// serveAs lets the steps read another GitHub with the same repository.
func (b *bundle) serveAs(t *testing.T, options githubsim.Options) *githubsim.Server {
	t.Helper()
	sim := githubsim.New(options)
	sim.Add(b.repo)
	b.readWithToken(t, sim)
	return sim
}

// readWithToken lets the steps read a GitHub as somebody.
func (b *bundle) readWithToken(t *testing.T, sim *githubsim.Server) {
	t.Helper()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	client, err := github.New(github.Options{
		BaseURL: server.URL, UserAgent: "test", Token: "token", Gate: budget.NewGate(10, time.Now), Now: time.Now, Scale: 0.001,
	})
	require.NoError(t, err)
	b.steps.GitHub = client
}

// requireNoChanges syncs and sweeps, and wants neither to find anything.
func (b *bundle) requireNoChanges(t *testing.T) {
	t.Helper()
	for _, op := range []operation.Operation{b.syncOf(t, b.repo), b.sweepOf(t, b.repo)} {
		require.Empty(t, b.changed(t, op), "%s", op.Kind)
	}
	require.Empty(t, b.drift(t, b.repo))
}

func TestStarsChangeNothing(t *testing.T) {
	b := setup(t, 800, githubsim.Options{})
	b.syncOf(t, b.repo)
	b.repo.Star(17)
	b.requireNoChanges(t)
}

func TestAPushChangesWhatWasPushedAlone(t *testing.T) {
	b := setup(t, 800, githubsim.Options{})
	b.syncOf(t, b.repo)
	sha := b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "m", By: "ada"})[0]
	require.Equal(t, []string{"branches " + b.repo.DefaultBranch() + " updated", "commits " + sha + " created"}, b.changed(t, b.syncOf(t, b.repo)))
	b.requireNoChanges(t)
}

func TestARenamedUserChangesNothing(t *testing.T) {
	b := setup(t, 800, githubsim.Options{})
	b.syncOf(t, b.repo)
	for n, login := range b.people(t) {
		require.NoError(t, b.repo.RenameUser(login, fmt.Sprintf("renamed-%d", n)))
	}
	b.requireNoChanges(t)
	var renamed int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from pulls where user_login like 'renamed-%'`).Scan(&renamed))
	require.Positive(t, renamed, "the new name is there all the same")
}

// Reviews that GraphQL gave are those that REST lists.
func TestTheShapesOfGraphQLAndRESTAreTheSame(t *testing.T) {
	b := setup(t, 1200, githubsim.Options{})
	graphql := b.serveAs(t, githubsim.Options{})
	b.syncOf(t, b.repo)
	require.Zero(t, graphql.Stats().Requests["reviews"])
	require.Positive(t, graphql.Stats().Requests["graphql"])
	rest := b.serveAs(t, githubsim.Options{WithoutGraphQL: true})
	b.requireNoChanges(t)
	require.Positive(t, rest.Stats().Requests["reviews"])
	b.serveAs(t, githubsim.Options{})
	b.requireNoChanges(t)
}

// With a token GitHub's answers have more in them than without.
func TestTheShapeForAnotherViewerIsTheSame(t *testing.T) {
	b := setup(t, 400, githubsim.Options{})
	b.syncOf(t, b.repo)
	b.serveAs(t, githubsim.Options{})
	b.requireNoChanges(t)
}

// An item that a list does not have any more is asked for alone. GitHub's shape of one
// object is not the list's, and is not stored: of a transferred issue not even its new
// place's.
func TestTheShapeOfASingleObjectIsNotStored(t *testing.T) {
	b := setup(t, 400, githubsim.Options{})
	dock := githubsim.Generate(2, githubsim.Spec{Owner: "harborline", Name: "dock", Labels: 3})
	b.sim.Add(dock)
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "leaves", By: "ada"})
	require.NoError(t, err)
	b.syncOf(t, b.repo)
	before := b.source(t, b.repo, b.core())
	_, err = b.sim.Transfer(b.repo, number, dock)
	require.NoError(t, err)
	b.sim.ResetStats()
	found := b.changed(t, b.sweepOf(t, b.repo))
	require.Positive(t, b.sim.Stats().Requests["issue"])
	require.Equal(t, before.difference(b.source(t, b.repo, b.core())), found)
	require.Len(t, found, 1)
	b.requireConverged(t, b.repo)
	var to string
	require.NoError(t, b.pool.QueryRow(t.Context(), `select to_url from item_transfers where number = $1`, number).Scan(&to))
	require.Contains(t, to, "/repos/harborline/dock/issues/")
	b.requireNoChanges(t)
}
