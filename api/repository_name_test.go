package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseRepositoryAccepts(t *testing.T) {
	t.Parallel()
	for _, full := range []string{
		"octocat/hello-world", "a/b", "A1/_.-", "cfrg/draft-irtf-cfrg-hpke", "0/0", "octo_corp/x", "github/.github", "a/...",
		strings.Repeat("a", 39) + "/" + strings.Repeat("b", 100),
	} {
		require.NoError(t, parseRepository(full), full)
	}
}

// What is accepted is safe to put into a path of GitHub's API as it is.
func TestParseRepositoryAcceptsOnlyPathSegments(t *testing.T) {
	t.Parallel()
	anything := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9._/%?#-]{0,12}/[A-Za-z0-9._/%?#-]{0,12}`))
	rapid.Check(t, func(t *rapid.T) {
		full := anything.Draw(t, "full")
		if parseRepository(full) != nil {
			return
		}
		owner, name, _ := strings.Cut(full, "/")
		for _, part := range []string{owner, name} {
			if part == "" || part == "." || part == ".." || len(part) > 100 || strings.ContainsAny(part, "/%?#\\ \t\r\n\x00") {
				t.Fatalf("%q was accepted", full)
			}
		}
	})
}

// Every name that GitHub's rules make is accepted.
func TestParseRepositoryAcceptsWhatGitHubAllows(t *testing.T) {
	t.Parallel()
	names := rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?/[A-Za-z0-9._-]{1,100}`).Filter(func(full string) bool {
		_, name, _ := strings.Cut(full, "/")
		return name != "." && name != ".." && !strings.HasSuffix(strings.ToLower(name), ".git") // reserved
	})
	rapid.Check(t, func(t *rapid.T) {
		full := names.Draw(t, "full")
		if err := parseRepository(full); err != nil {
			t.Fatalf("%q: %v", full, err)
		}
	})
}
