package cover_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/cover"
)

const module = "example.com/m"

func TestRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		profile string
		want    []cover.Package
	}{
		"empty":       {"mode: set\n", []cover.Package{}},
		"one package": {"mode: set\nexample.com/m/a/x.go:1.2,3.4 2 1\nexample.com/m/a/y.go:1.2,3.4 1 0\n", []cover.Package{{"example.com/m/a", 3, 2}}},
		"the least covered first": {
			"mode: set\nexample.com/m/a/x.go:1.2,3.4 2 1\nexample.com/m/b/x.go:1.2,3.4 1 0\nexample.com/m/c/x.go:1.2,3.4 4 0\n",
			[]cover.Package{{"example.com/m/b", 1, 0}, {"example.com/m/c", 4, 0}, {"example.com/m/a", 2, 2}},
		},
		"several programs": {
			"mode: atomic\nexample.com/m/a/x.go:1.2,3.4 2 0\nexample.com/m/a/x.go:1.2,3.4 2 7\nexample.com/m/a/x.go:1.2,3.4 2 0\n",
			[]cover.Package{{"example.com/m/a", 2, 2}},
		},
		"profiles put together": {"mode: set\nexample.com/m/a/x.go:1.2,3.4 2 0\nmode: set\nexample.com/m/a/x.go:5.2,6.4 2 1\n", []cover.Package{{"example.com/m/a", 4, 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packages, err := cover.Read(strings.NewReader(tt.profile))
			require.NoError(t, err)
			require.Equal(t, tt.want, packages)
		})
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]string{
		"mode: set\nnonsense\n":               `line 2 of the profile: "nonsense" is no block`,
		"mode: set\na/x.go:1.2,3.4 many 1\n":  "read the number of statements",
		"mode: set\na/x.go:1.2,3.4 1 often\n": "read how often they ran",
	} {
		_, err := cover.Read(strings.NewReader(profile))
		require.ErrorContains(t, err, want)
	}
}

func TestWriteTable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, cover.WriteTable(&out, module, []cover.Package{{"example.com/m/store", 4, 1}, {"example.com/m/api", 6, 6}, {"example.com/m/plain", 0, 0}}))
	require.Equal(t, ""+
		"  covered  statements  not run  package\n"+
		"   25.0 %           4        3  store\n"+
		"  100.0 %           6        0  api\n"+
		"  100.0 %           0        0  plain\n"+
		"   70.0 %          10        3  in all\n", out.String())
}
