package githubsim

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestStringsAreWrittenAsJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                 `""`,
		"plain":            `"plain"`,
		"\"\\\n\r\t\x00\b": `"\"\\\n\r\t\u0000\u0008"`,
		"ünï 😀 <&>":        `"ünï 😀 <&>"`,
		"a\xffb":           `"a` + "\ufffd" + `b"`,
		"\xed\xa0\x80":     `"\ud800"`,
		"\xed\xbf\xbf!":    `"\udfff!"`,
		"\xed\xa0":         `"` + "\ufffd\ufffd" + `"`,
	} {
		e := encoder{}
		e.str(in)
		require.Equal(t, want, string(e.b), "%q", in)
	}
}

func TestStringsSurvive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "s")
		e := encoder{}
		e.str(in)
		var out string
		require.NoError(t, json.Unmarshal(e.b, &out))
		require.Equal(t, in, out)
		require.Equal(t, in, unquote(e.b[1:len(e.b)-1]))
	})
}

func TestNodeIDs(t *testing.T) {
	t.Parallel()
	e := encoder{}
	e.node("PR_", 192437086, 1017401139)
	require.Equal(t, `"PR_kwDOC3hbXs48pE8z"`, string(e.b))
	for node, want := range map[string]int64{
		"PR_kwDOC3hbXs48pE8z":                      1017401139,
		"MDU6SXNzdWU1MjEyNTQ0MzU=":                 521254435,
		"MDE3OlB1bGxSZXF1ZXN0UmV2aWV3MjU2OTk3NDIw": 256997420,
		"":         0,
		"PR_":      0,
		"nonsense": 0,
	} {
		id, ok := databaseID(node)
		require.Equal(t, want, id, node)
		require.Equal(t, want != 0, ok, node)
	}
}
