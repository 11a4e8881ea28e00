// Package source is the GitHub that a demonstration mirrors: a simulated one in this
// process or the real one. It counts on its own, without the sync having a say.
package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// Count is how many items of a collection there are on both sides.
type Count struct {
	Source     *int64 // on GitHub; nil where it cannot be asked cheaply
	Mirrored   int64
	Difference string // what is not equal, if the items could be compared
}

// Source is the GitHub that is mirrored.
type Source interface {
	// Repository is the "owner/name" to mirror.
	Repository() string
	// APIURL and Token are what the product is configured with.
	APIURL() string
	Token() string
	// Describe says where the repository comes from, after "mirrors owner/name".
	Describe() string
	// Requests are those that GitHub has answered, by collection and in all; not ok
	// where GitHub does not tell.
	Requests() (byCollection map[string]int64, total int64, ok bool)
	// Count counts both sides, by collection.
	Count(ctx context.Context, pool *pgxpool.Pool) (map[string]Count, error)
	Close() error
}

// Options are what the user chose. With neither an Archive nor a Repository one is
// generated.
type Options struct {
	Archive, Commits, Refs string // files for the simulator
	Repository             string // "owner/name" on the real GitHub
	GitHubToken, GitHubURL string // for the real GitHub; may be empty
	Seed                   uint64 // what to generate from
	Items                  int    // how many to generate
	Port                   int    // of the simulator on 127.0.0.1; 0: a free one
}

// ReadOptions reads the choice from the environment.
func ReadOptions(getenv func(string) string) Options {
	return Options{
		Archive: getenv("ARCHIVE"), Commits: getenv("COMMITS"), Refs: getenv("REFS"),
		Repository: getenv("REPO"), GitHubToken: getenv("GITHUB_TOKEN"), GitHubURL: getenv("GITHUB_API_URL"),
		Seed: 1, Items: readItems(getenv("ITEMS")),
	}
}

// readItems reads how many items to generate: 5,000 unless it is said, 0 for what
// is no number.
func readItems(text string) int {
	if text == "" {
		return 5000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// Open checks the choice and opens the one source that was chosen.
func Open(ctx context.Context, o Options) (Source, error) {
	switch {
	case o.Repository != "" && o.Archive != "":
		return nil, errors.New("REPO and ARCHIVE cannot both be set: one mirrors a repository on GitHub, the other one of a simulated GitHub")
	case o.Archive == "" && (o.Commits != "" || o.Refs != ""):
		return nil, errors.New("COMMITS and REFS belong to an ARCHIVE, which is not set")
	case o.Repository != "":
		// Not returned as they are: a nil pointer in an interface is not nil.
		s, err := openGitHub(ctx, o)
		if err != nil {
			return nil, err
		}
		return s, nil
	case o.Archive == "" && (o.Items < 100 || o.Items > 1_000_000):
		return nil, errors.New("ITEMS must be a number from 100 to 1000000")
	default:
		s, err := simulate(ctx, o)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// load reads or generates the repository to simulate.
func load(o Options) (*githubsim.Repository, error) {
	if o.Archive == "" {
		return githubsim.Generate(o.Seed, githubsim.SpecForItems(o.Items)), nil
	}
	repository, err := githubsim.LoadArchive(o.Archive, o.Commits, o.Refs)
	var at *githubsim.ArchiveError
	if errors.As(err, &at) {
		return nil, fmt.Errorf("read %s: %w", strings.ToUpper(string(at.Part)), err)
	}
	return repository, err
}

// simulated is a repository on a simulated GitHub in this process.
type simulated struct {
	sim      *githubsim.Server
	repo     *githubsim.Repository
	server   *http.Server
	listener net.Listener
}

// simulate takes the port before it makes the repository, which takes seconds: who
// chose a port that was free then would find it taken.
func simulate(ctx context.Context, o Options) (*simulated, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
	if err != nil {
		return nil, fmt.Errorf("start the simulated GitHub: %w", err)
	}
	repository, err := load(o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	sim := githubsim.New(githubsim.Options{})
	sim.Add(repository)
	s := &simulated{sim: sim, repo: repository, listener: listener, server: &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}}
	go s.server.Serve(listener) //nolint:errcheck // ends with Close
	return s, nil
}

func (s *simulated) Repository() string { return s.repo.FullName() }
func (s *simulated) APIURL() string     { return "http://" + s.listener.Addr().String() + "/" }
func (s *simulated) Token() string      { return "" }
func (s *simulated) Describe() string   { return "from a simulated GitHub" }
func (s *simulated) Close() error       { return s.server.Close() }

func (s *simulated) Requests() (map[string]int64, int64, bool) {
	stats := s.sim.Stats()
	return stats.Requests, stats.Total, true
}

func (s *simulated) Count(ctx context.Context, pool *pgxpool.Pool) (map[string]Count, error) {
	compared, err := mirror.Compare(ctx, pool, s.sim, config.DefaultWorkspace, s.repo)
	if err != nil {
		return nil, err
	}
	counts := map[string]Count{}
	for name, c := range compared {
		counts[name] = Count{Source: &c.Source, Mirrored: c.Mirrored, Difference: c.Difference()}
	}
	return counts, nil
}
