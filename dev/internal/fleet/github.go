package fleet

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/githubsim"
)

const (
	// host is what the simulated GitHub is called. Nobody resolves it: each process has a
	// proxy, its door, and a proxy is not used for names that are known to be local.
	host    = "github.fleet"
	baseURL = "http://" + host + "/"
	// fewest is about how many requests a repository takes whatever it holds.
	fewest = 40
)

// gitHub is the simulated GitHub and all that it serves.
type gitHub struct {
	sim           *githubsim.Server
	watch         *watch
	users         []githubsim.User
	organizations []*githubsim.Organization
	repositories  []*githubsim.Repository
	servers       []*http.Server
}

func newGitHub(p Plan) (*gitHub, error) {
	g := &gitHub{}
	accounts := map[string]string{}
	for i := range credentials {
		one := githubsim.User{
			Login: fmt.Sprintf("fleet-%d", i+1), ID: int64(i + 1), Limit: p.Limit,
			Tokens: []githubsim.Token{{Value: fmt.Sprintf("token-%d", i+1), Scopes: []string{"repo", "read:org"}}},
		}
		g.users = append(g.users, one)
		accounts[one.Tokens[0].Value] = account(one)
	}
	g.watch = newWatch(p, accounts)
	g.sim = githubsim.New(githubsim.Options{Enforce: true, Window: p.Window, Users: g.users, Faults: p.faults()})
	for i := range organizations {
		o, all, err := githubsim.GenerateOrganization(uint64(i+1), githubsim.OrganizationSpec{
			Login: fmt.Sprintf("fleet-%d", i+1), Repositories: repositories, Each: each(p.Requests / organizations / repositories),
		})
		if err != nil {
			return nil, err
		}
		g.sim.AddOrganization(o)
		for _, r := range all {
			g.sim.Add(r)
		}
		g.organizations, g.repositories = append(g.organizations, o), append(g.repositories, all...)
	}
	return g, nil
}

// faults are what goes wrong with answers: they take a while, and where something
// outside disturbs GitHub asks to slow down.
func (p Plan) faults() githubsim.FaultPlan {
	all := []githubsim.Fault{{Kind: githubsim.FaultLatency, Delay: p.Latency * 4 / 5, Jitter: p.Latency * 2 / 5}}
	if p.Kind == Outside {
		all = append(all, githubsim.Fault{Kind: githubsim.FaultSecondaryLimit, Probability: slowDownChance, Times: slowDowns, Hold: true})
	}
	return githubsim.FaultPlan{Seed: 1, Faults: all}
}

// account is what the simulator calls the account of a user.
func account(u githubsim.User) string { return fmt.Sprintf("user:%d", u.ID) }

// each is a repository that takes about so many requests. Most of them read the short
// list of one parent each, so that the budget is what bounds the work and not this machine.
func each(requests int) githubsim.Spec {
	many := max(requests-fewest, 0)
	return githubsim.Spec{
		Labels: 8, Milestones: 2, Issues: 30, Pulls: 5 + many/4, IssueComments: 60, Reviews: 20, ReviewComments: 20,
		Commits: 60, Branches: 4, Tags: 3, Releases: 2, Deployments: 5 + many - many/4, DeploymentStatuses: many, People: 12,
	}
}

// asked are the collections that are synced.
func asked() []string {
	return []string{collection.PresetCore, "pull_commits", "deployments", "deployment_statuses"}
}

// door opens another way to GitHub, for one process, and gives its URL.
func (g *gitHub) door(name string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the simulated GitHub: %w", err)
	}
	server := &http.Server{
		Handler: g.watch.behind(name, g.sim), ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	g.servers = append(g.servers, server)
	go func() { _ = server.Serve(listener) }() // ends with close
	return "http://" + listener.Addr().String(), nil
}

func (g *gitHub) close() error {
	var err error
	for _, server := range g.servers {
		err = errors.Join(err, server.Close())
	}
	return err
}
