package operation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func TestPatternsMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		patterns operation.Patterns
		subject  string
		want     bool
	}{
		{nil, "octo/mirror", true},
		{nil, "octo", true},
		{operation.Patterns{"octo/*"}, "octo/mirror", true},
		{operation.Patterns{"octo/*"}, "Octo/Mirror", true},
		{operation.Patterns{"octo/*"}, "octo", true},
		{operation.Patterns{"octo/*"}, "octopus/mirror", false},
		{operation.Patterns{"octo/m*"}, "octo/mirror", true},
		{operation.Patterns{"octo/m*"}, "octo/other", false},
		{operation.Patterns{"octo/m*"}, "octo", false},
		{operation.Patterns{"a/b", "*/mirror"}, "octo/mirror", true},
		{operation.Patterns{"*/*"}, "octo", true},
	} {
		require.Equal(t, tt.want, tt.patterns.MatchSubject(tt.subject), "%v of %s", tt.patterns, tt.subject)
	}
	require.True(t, operation.Patterns{"octo/m*"}.Match("octo", ""))
	require.False(t, operation.Patterns{"octo/m*"}.Match("other", ""))
}

func TestPatternsAreLikes(t *testing.T) {
	t.Parallel()
	require.Nil(t, operation.Patterns(nil).Likes())
	require.Equal(t, []string{`octo\_corp/%`, `a.b/c-%`}, operation.Patterns{"Octo_Corp/*", "a.b/C-*"}.Likes())
}

func TestValidPattern(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"a/b": true, "*/*": true, "a-_.1/*": true, "a": false, "a/b/c": false, "a/%": false, "a/[b]": false, "a/?": false, "": false} {
		require.Equal(t, want, operation.ValidPattern(text), text)
	}
}
