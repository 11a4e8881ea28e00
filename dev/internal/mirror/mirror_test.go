package mirror_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// testBundle is a simulator and a database that holds what the simulator does, put
// there without the product.
type testBundle struct {
	t    *testing.T
	pool *pgxpool.Pool
	sim  *githubsim.Server
	repo *githubsim.Repository
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{t: t, pool: testenv.Database(t), sim: githubsim.New(githubsim.Options{})}
	b.repo = githubsim.Generate(1, githubsim.SpecForItems(300))
	b.sim.Add(b.repo)
	owner, name, _ := strings.Cut(b.repo.FullName(), "/")
	for _, c := range core() {
		for key, raw := range b.sim.Items(owner, name, c.Name) {
			item, err := c.Prepare(raw)
			require.NoError(t, err)
			b.exec(`insert into `+pgx.Identifier{c.Table}.Sanitize()+`
				(workspace_id, repository_id, key, raw, hash, raw_hash, observed_at, changed_at)
				values ($1, $2, $3, $4, '', '', now(), now())`, config.DefaultWorkspace, b.repo.ID(), key, string(item.Raw))
		}
	}
	b.exec(`update issues set is_pull_request = true where raw ? 'pull_request'`)
	return b
}

// core are the collections that every sync of a repository reads.
func core() []collection.Collection {
	return slices.DeleteFunc(collection.All(), func(c collection.Collection) bool { return !c.Core || c.Scope != collection.ScopeRepository })
}

func (b *testBundle) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), sql, args...)
	require.NoError(b.t, err)
}

func (b *testBundle) compare() map[string]mirror.Collection {
	b.t.Helper()
	compared, err := mirror.Compare(b.t.Context(), b.pool, b.sim, config.DefaultWorkspace, b.repo)
	require.NoError(b.t, err)
	return compared
}

func TestCompareFindsNothingInACopy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	counts, err := mirror.Count(t.Context(), b.pool, config.DefaultWorkspace, b.repo.ID())
	require.NoError(t, err)
	compared := b.compare()
	require.Len(t, compared, len(core()))
	for name, c := range compared {
		require.Empty(t, c.Difference(), name)
		require.Positive(t, c.Source, name)
		require.Equal(t, c.Source, c.Mirrored, name)
		require.Equal(t, c.Source, counts[name], name)
	}
	pulls, all := compared["pulls"].Source, b.sim.Count("harborline", "relay", "issues")
	require.EqualValues(t, all, compared["issues"].Source+pulls, "GitHub lists pulls among the issues")
}

func TestCompareFindsEveryKindOfDifference(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change string
		want   func(mirror.Collection) int64
	}{
		"missing": {
			`delete from issues where key = (select min(key) from issues where raw ? 'pull_request')`,
			func(c mirror.Collection) int64 { return c.Missing.Count },
		},
		"marked as deleted": {
			`update issues set deleted_at = now() where key = (select min(key) from issues)`,
			func(c mirror.Collection) int64 { return c.Missing.Count },
		},
		"another text": {
			`update issues set raw = jsonb_set(raw, '{body}', '"another"') where key = (select max(key) from issues)`,
			func(c mirror.Collection) int64 { return c.Different.Count },
		},
		"a field lost": {
			`update issues set raw = raw - 'state_reason' where key = (select max(key) from issues)`,
			func(c mirror.Collection) int64 { return c.Different.Count },
		},
		"extra": {
			`insert into issues select workspace_id, repository_id, '1', raw, raw_bytes, hash, raw_hash, observed_at, changed_at from issues limit 1`,
			func(c mirror.Collection) int64 { return c.Extra.Count },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.exec(tt.change)
			compared := b.compare()
			require.EqualValues(t, 1, tt.want(compared["issues"]), compared["issues"].Difference())
			require.NotEmpty(t, compared["issues"].Difference())
			require.Empty(t, compared["pulls"].Difference())
		})
	}
}
