package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
)

func TestAPIKeysAreRead(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		key := auth.NewAPIKey()
		text := key.Reveal()
		require.Regexp(t, `^hf_[0-9A-Za-z]{49}$`, text)
		require.False(t, seen[text])
		seen[text] = true
		require.True(t, auth.IsAPIKey(text))
		read, err := auth.ParseAPIKey(text)
		require.NoError(t, err)
		require.Equal(t, key, read)
		require.True(t, strings.HasPrefix(text, key.Hint))
		require.Len(t, key.Hint, 11)
	}
}

func TestWhatIsNoAPIKey(t *testing.T) {
	t.Parallel()
	good := auth.NewAPIKey().Reveal()
	other := byte('x')
	if good[10] == other {
		other = 'y'
	}
	for name, text := range map[string]string{
		"nothing": "", "the prefix": "hf_", "cut off": good[:len(good)-1], "longer": good + "0", "mistyped": good[:10] + string(other) + good[11:],
		"with a space": good + " ", "another prefix": "gh" + good[2:], "another alphabet": good[:20] + "-" + good[21:], "a token": "eyJhbGciOiJFZERTQSJ9.e30.x",
	} {
		_, err := auth.ParseAPIKey(text)
		require.ErrorIs(t, err, auth.ErrMalformed, name)
		if text != "" {
			require.NotContains(t, err.Error(), text, name)
		}
	}
}

func TestAnAPIKeyIsNotPrinted(t *testing.T) {
	t.Parallel()
	key := auth.NewAPIKey()
	raw, err := json.Marshal(map[string]any{"key": key})
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%+v %#v %s %q %d", key, key, key, key, key), fmt.Sprintf("%v", &key), string(raw), errors.Join(fmt.Errorf("%v", key)).Error()} {
		require.NotContains(t, text, key.Reveal()[12:], text)
		require.Contains(t, text, key.Hint)
	}
}

func FuzzParseAPIKey(f *testing.F) {
	f.Add("hf_")
	f.Add(auth.NewAPIKey().Reveal())
	f.Fuzz(func(t *testing.T, text string) {
		key, err := auth.ParseAPIKey(text)
		if err == nil {
			require.Equal(t, text, key.Reveal())
			require.True(t, auth.IsAPIKey(text))
		}
	})
}
