package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	const callback = "https://holdfast.example.com/v1/sign-in/github/callback"
	set := func(more ...string) config.Environment {
		return complete(append([]string{
			"HOLDFAST_SIGN_IN_CLIENT_ID=Iv1.1", "HOLDFAST_SIGN_IN_CLIENT_SECRET=s3cret", "HOLDFAST_SIGN_IN_CALLBACK=" + callback,
		}, more...)...)
	}
	c, err := config.LoadAPI(complete())
	require.NoError(t, err)
	require.False(t, c.SignsIn())
	c, err = config.LoadAPI(set())
	require.NoError(t, err)
	require.True(t, c.SignsIn())
	require.Equal(t, "https://github.com", c.OAuthURL)
	_, err = config.LoadAPI(set("HOLDFAST_SIGN_IN_GITHUB_URL=http://127.0.0.1:1", "HOLDFAST_SIGN_IN_CALLBACK=http://localhost:8080/v1/sign-in/github/callback"))
	require.NoError(t, err)
	for says, env := range map[string]config.Environment{
		"HOLDFAST_SIGN_IN_CLIENT_SECRET is not":                      set("HOLDFAST_SIGN_IN_CLIENT_SECRET="),
		"HOLDFAST_SIGN_IN_CALLBACK is not":                           set("HOLDFAST_SIGN_IN_CALLBACK="),
		"HOLDFAST_SIGN_IN_CLIENT_ID is not":                          set("HOLDFAST_SIGN_IN_CLIENT_ID="),
		"must end with /v1/sign-in":                                  set("HOLDFAST_SIGN_IN_CALLBACK=https://holdfast.example.com/"),
		"HOLDFAST_SIGN_IN_CALLBACK: is no URL that begins":           set("HOLDFAST_SIGN_IN_CALLBACK=http://holdfast.example.com/v1/sign-in/github/callback"),
		"HOLDFAST_SIGN_IN_GITHUB_URL: is no URL that begins with":    set("HOLDFAST_SIGN_IN_GITHUB_URL=http://github.example.com"),
		"HOLDFAST_SIGN_IN_GITHUB_URL: is no URL that begins with ht": set("HOLDFAST_SIGN_IN_GITHUB_URL=https://u:p@github.example.com"),
	} {
		_, err := config.LoadAPI(env)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "s3cret")
	}
}
