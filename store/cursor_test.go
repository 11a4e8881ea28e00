package store_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func TestCursorsThatNoListGaveOutAreRefused(t *testing.T) {
	b := setup(t)
	b.create()
	b.create()
	_, good, err := b.Operations(t.Context(), workspace, operation.Filter{Limit: 1})
	require.NoError(t, err)
	_, _, err = b.Operations(t.Context(), workspace, operation.Filter{Limit: 1, Cursor: good})
	require.NoError(t, err)
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	at, id, _ := strings.Cut(string(raw), " ")
	for name, plain := range map[string]string{
		"empty": " ", "no id": at, "no time": " " + id, "another zone": strings.Replace(at, "Z", "+00:00", 1) + " " + id,
		"upper case": at + " " + strings.ToUpper(id), "more behind it": string(raw) + " ", "a name for an id": at + " urn:uuid:" + id,
	} {
		_, _, err := b.Operations(t.Context(), workspace, operation.Filter{Limit: 1, Cursor: base64.RawURLEncoding.EncodeToString([]byte(plain))})
		require.Equal(t, operation.CodeInvalid, operation.CodeOf(err), name)
	}
	for _, cursor := range []string{"nonsense", "5", good + "=", good[:len(good)-1], good + "A", "\x00"} {
		_, _, err := b.Operations(t.Context(), workspace, operation.Filter{Limit: 1, Cursor: cursor})
		require.Equal(t, operation.CodeInvalid, operation.CodeOf(err), "%q", cursor)
	}

	_, _, err = b.Repositories(t.Context(), workspace, operation.RepositoryFilter{Limit: 1, Cursor: "514268081"})
	require.NoError(t, err)
	for _, cursor := range []string{"-5", "0", "-0", "+5", "05", "5 ", "5.0", "5e3", "0x5", "1_000", "٥", "9223372036854775808", good} {
		_, _, err := b.Repositories(t.Context(), workspace, operation.RepositoryFilter{Limit: 1, Cursor: cursor})
		require.Equal(t, operation.CodeInvalid, operation.CodeOf(err), "%q", cursor)
	}
}
