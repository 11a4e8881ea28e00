package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/secret"
)

// keyset runs a payload-keyset command on a keyset and returns what it prints.
func keyset(t *testing.T, current string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), append([]string{"payload-keyset"}, args...), config.Environment{"HOLDFAST_PAYLOAD_KEYSET=" + current}, &out, &errs)
	return strings.TrimSpace(out.String()), errs.String(), err
}

func TestPayloadKeysetsAreRotated(t *testing.T) {
	t.Parallel()
	must := func(current string, args ...string) string {
		out, stderr, err := keyset(t, current, args...)
		require.NoError(t, err)
		require.NotContains(t, stderr, out, "secrets go to standard output alone")
		return out
	}
	primary := func(text string) uint32 {
		keys, err := secret.Parse(text)
		require.NoError(t, err)
		return keys.Primary()
	}
	first := must("", "new")
	require.NotEqual(t, first, must("", "new"))
	added := must(first, "add")
	require.Equal(t, primary(first), primary(added))
	promoted := must(added, "promote")
	require.NotEqual(t, primary(first), primary(promoted))
	old := strconv.FormatUint(uint64(primary(first)), 10)
	require.Equal(t, primary(first), primary(must(promoted, "promote", old)), "and back")
	require.Equal(t, old+"\tdecrypts\n"+strconv.FormatUint(uint64(primary(promoted)), 10)+"\tencrypts and decrypts", must(promoted, "list"))
	removed := must(promoted, "remove", old)
	require.NotContains(t, must(removed, "list"), old)

	for name, tt := range map[string]struct {
		current string
		args    []string
		says    string
	}{
		"no keyset":       {"", []string{"add"}, "HOLDFAST_PAYLOAD_KEYSET is not set"},
		"a broken keyset": {"s3cret", []string{"promote"}, "HOLDFAST_PAYLOAD_KEYSET: it is not"},
		"no id":           {added, []string{"remove", "x"}, "no id of a key"},
		"another id":      {first, []string{"promote", "1"}, "promote key 1"},
		"the primary":     {promoted, []string{"remove", strconv.FormatUint(uint64(primary(promoted)), 10)}, "remove key"},
	} {
		out, _, err := keyset(t, tt.current, tt.args...)
		require.ErrorContains(t, err, tt.says, name)
		require.NotContains(t, err.Error(), "s3cret")
		require.Empty(t, out)
	}
}
