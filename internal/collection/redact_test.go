package collection_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, raw, want string
		fields          []string
	}{
		{"a member", `{"id": 1, "body":"s"}`, `{"body":null,"id":1}`, []string{"body"}},
		{"a path", `{"commit": {"message": "s", "tree":1}}`, `{"commit":{"message":null,"tree":1}}`, []string{"commit.message"}},
		{"of every element", `{"assets": [{"name":"s"}, {"name":"s","id":1}, 5]}`, `{"assets":[{"name":null},{"id":1,"name":null},5]}`, []string{"assets.*.name"}},
		{"whole elements", `{"assets": [{"name":"s"}, null]}`, `{"assets":[null,null]}`, []string{"assets.*"}},
		{"an object", `{"user": {"login":"s"}}`, `{"user":null}`, []string{"user"}},
		{"several", `{"a":"s","b":["s"],"c":1}`, `{"a":null,"b":null,"c":1}`, []string{"a", "b", "d"}},
		{"a name that is there twice", `{"a":"s","a":"t"}`, `{"a":null}`, []string{"a"}},
		{"a name with escapes", `{"b\u006fdy":"s"}`, `{"b\u006fdy":null}`, []string{"body"}},
		{"the others as they were spelled", `{"a":"s","b":1.50,"c":"\u0000"}`, `{"a":null,"b":1.50,"c":"\u0000"}`, []string{"a"}},
		{"nothing", `{"a":1}`, `{"a":1}`, []string{"b", "a.b", "a.*"}},
		{"what is null", `{"a": null}`, `{"a": null}`, []string{"a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := named(t, "issues")
			given := json.RawMessage(tt.raw)
			got, redacted, err := c.Redact(given, tt.fields...)
			require.NoError(t, err)
			require.Equal(t, tt.want, string(got))
			require.Equal(t, tt.raw != tt.want, redacted)
			require.Equal(t, tt.raw, string(given), "what was given stays")
			again, redacted, err := c.Redact(got, tt.fields...)
			require.NoError(t, err)
			require.False(t, redacted)
			require.Equal(t, got, again)
		})
	}
	_, _, err := named(t, "issues").Redact(json.RawMessage(`{`), "a")
	require.Error(t, err)
}

func TestRedactedCountsAsIfItHadBeenSentSo(t *testing.T) {
	t.Parallel()
	c := named(t, "issues")
	for _, raw := range []string{issue, `{"id": 7, "title": "a\u0000"}`} {
		item, err := c.Prepare(json.RawMessage(raw))
		require.NoError(t, err)
		got, redacted, err := c.Redacted(item, "title")
		require.NoError(t, err)
		require.True(t, redacted)
		sent, err := c.Prepare(edit(t, raw, func(v map[string]any) { v["title"] = nil }))
		require.NoError(t, err)
		require.Equal(t, sent.Hash, got.Hash)
		require.Equal(t, sent.RawHash, got.RawHash)
		require.Equal(t, item.Key, got.Key)
		require.Equal(t, sent.RawBytes, got.RawBytes)
	}
}

func TestWhatMayBeRedacted(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]bool{
		"body": true, "commit.message": true, "assets.*.name": true,
		"id": false, "number": false, "updated_at": false, "": false, ".": false, "a.": false, "*": false, "id.x": false,
	} {
		require.Equal(t, want, named(t, "issues").Redactable(field), field)
	}
	require.False(t, named(t, "commits").Redactable("sha"))
	for _, c := range collection.All() {
		if c.Twin != "" {
			twin := named(t, c.Twin)
			require.Equal(t, c.Name, twin.Twin)
			require.True(t, c.Numbered() && twin.Numbered(), "they share their numbers")
		}
	}
}
