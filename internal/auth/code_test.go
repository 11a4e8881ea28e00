package auth_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
)

func TestCodesAreReadAsTheyWereMade(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]struct {
		make         func() auth.Code
		parse, other func(string) (auth.Code, error)
	}{
		"an invitation":   {auth.NewInvitation, auth.ParseInvitation, auth.ParseRefreshToken},
		"a refresh token": {auth.NewRefreshToken, auth.ParseRefreshToken, auth.ParseInvitation},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code := kind.make()
			read, err := kind.parse(code.Reveal())
			require.NoError(t, err)
			require.Equal(t, code.Hash, read.Hash)
			require.NotEqual(t, code.Hash, kind.make().Hash)
			require.False(t, auth.IsAPIKey(code.Reveal()))
			secret := code.Reveal()
			for _, wrong := range []string{"", secret[:4], secret[:len(secret)-1], secret + "0", "x" + secret[1:], secret[:len(secret)-1] + "!"} {
				_, err = kind.parse(wrong)
				require.ErrorIs(t, err, auth.ErrMalformed)
			}
			_, err = kind.other(secret)
			require.ErrorIs(t, err, auth.ErrMalformed)
			written, err := json.Marshal(code)
			require.NoError(t, err)
			for _, text := range []string{fmt.Sprint(code), fmt.Sprintf("%+v %#v %x %s", code, code, code, code), string(written), refusalOf(kind.parse)} {
				require.NotContains(t, text, secret[4:12])
			}
		})
	}
}

func refusalOf(parse func(string) (auth.Code, error)) string {
	_, err := parse("hfr_secret")
	return err.Error()
}

// Whatever is shown as a code is refused or is the code that it says, and nothing panics.
func FuzzCodes(f *testing.F) {
	for _, seed := range []string{"", "hfi_", "hfr_", auth.NewInvitation().Reveal(), auth.NewRefreshToken().Reveal(), auth.NewAPIKey().Reveal()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (auth.Code, error){auth.ParseInvitation, auth.ParseRefreshToken} {
			code, err := parse(text)
			if err != nil {
				require.ErrorIs(t, err, auth.ErrMalformed)
				continue
			}
			require.Equal(t, text, code.Reveal())
			require.Len(t, text, 53)
			require.NotContains(t, fmt.Sprint(code), text)
		}
	})
}
