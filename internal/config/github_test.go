package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/secret"
)

func TestTheAPIAndTheWorkerAskGitHubAlike(t *testing.T) {
	t.Parallel()
	env := complete("GITHUB_TOKEN=ghp_1", "GITHUB_API_URL=https://github.example.com/api/v3/", "HOLDFAST_GITHUB_IN_FLIGHT=20",
		"HOLDFAST_GITHUB_RESERVE=30%", "HOLDFAST_GITHUB_HOSTS=a.example.com,b.example.com:8443", "HOLDFAST_GITHUB_TIME_SCALE=0.5")
	a, err := config.LoadAPI(env)
	require.NoError(t, err)
	w, err := config.LoadWorker(env)
	require.NoError(t, err)
	require.Equal(t, config.GitHub{
		GitHubToken: "ghp_1", GitHubURL: "https://github.example.com/api/v3/", GitHubInFlight: 20, TimeScale: 0.5, GitHubReserve: "30%",
		GitHubHosts: []string{"a.example.com", "b.example.com:8443"},
	}, w.GitHub)
	require.Equal(t, w.GitHub, a.GitHub)
}

func TestReserve(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		percent  float64
		requests int64
	}{
		"": {}, "0": {}, "0%": {}, "30%": {percent: 30}, "12.5%": {percent: 12.5}, "100%": {percent: 100}, "1500": {requests: 1500},
	} {
		c, err := config.LoadWorker(complete("HOLDFAST_GITHUB_RESERVE=" + text))
		require.NoError(t, err, text)
		percent, requests, err := c.Reserve()
		require.NoError(t, err, text)
		require.InDelta(t, want.percent, percent, 0, text)
		require.Equal(t, want.requests, requests, text)
	}
	for _, text := range []string{"%", "-1", "-1%", "101%", "NaN%", "Inf%", "1.5", "30 %", "half", "99999999999999999999"} {
		for _, err := range loadErrors("HOLDFAST_GITHUB_RESERVE=" + text) {
			require.ErrorContains(t, err, "HOLDFAST_GITHUB_RESERVE: ", text)
		}
	}
}

// loadErrors are the errors of both the API's and the worker's configuration.
func loadErrors(pair string) []error {
	_, api := config.LoadAPI(complete(pair))
	_, worker := config.LoadWorker(complete(pair))
	return []error{api, worker}
}

func TestHostsOfGitHub(t *testing.T) {
	t.Parallel()
	for _, hosts := range []string{"https://a.example.com", "a.example.com/api", "a b", "user@a.example.com", ":443", "a.example.com,"} {
		for _, err := range loadErrors("HOLDFAST_GITHUB_HOSTS=" + hosts) {
			require.ErrorContains(t, err, "HOLDFAST_GITHUB_HOSTS: ", hosts)
		}
	}
}

func TestSecretsKeyset(t *testing.T) {
	t.Parallel()
	none, err := config.LoadAPI(complete())
	require.NoError(t, err)
	keys, err := none.SealingKeys()
	require.NoError(t, err)
	require.Nil(t, keys)

	made, err := secret.New()
	require.NoError(t, err)
	text, err := made.Encode()
	require.NoError(t, err)
	env := complete("HOLDFAST_SECRETS_KEYSET="+text, "GITHUB_TOKEN=ghp_1")
	c, err := config.LoadWorker(env)
	require.NoError(t, err)
	keys, err = c.SealingKeys()
	require.NoError(t, err)
	require.Equal(t, made.Primary(), keys.Primary())
	require.Subset(t, config.Secrets(nil, c), []string{text, "ghp_1"}, "logs and errors are rid of them")
	shown := fmt.Sprint(config.Settings(c))
	require.NotContains(t, shown, text)
	require.NotContains(t, shown, "ghp_1")

	for _, err := range loadErrors("HOLDFAST_SECRETS_KEYSET=s3cret") {
		require.ErrorContains(t, err, "HOLDFAST_SECRETS_KEYSET: ")
		require.ErrorContains(t, err, "`holdfast secrets-keyset new` makes one")
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// TestWhichGitHubsMayBeAsked holds what whoever may make a connection can have the
// server ask, with a credential at that.
func TestWhichGitHubsMayBeAsked(t *testing.T) {
	t.Parallel()
	public := config.GitHub{GitHubURL: "https://api.github.com/", GitHubHosts: []string{"github.example.com", "10.0.0.7:8443"}}
	simulator := config.GitHub{GitHubURL: "http://127.0.0.1:4567"}
	for _, tt := range []struct {
		of          config.GitHub
		given, want string
	}{
		{public, "", "https://api.github.com/"},
		{public, "https://api.github.com", "https://api.github.com/"},
		{public, "HTTPS://API.GitHub.com/", "https://api.github.com/"},
		{public, "https://api.octo.ghe.com", "https://api.octo.ghe.com/"},
		{public, "https://github.example.com/api/v3", "https://github.example.com/api/v3/"},
		{public, "https://GitHub.Example.com/api/v3/", "https://github.example.com/api/v3/"},
		{public, "https://10.0.0.7:8443/api/v3/", "https://10.0.0.7:8443/api/v3/"},
		{simulator, "", "http://127.0.0.1:4567/"},
		{simulator, "http://127.0.0.1:4567/", "http://127.0.0.1:4567/"},
		{simulator, "https://api.github.com/", "https://api.github.com/"},
	} {
		got, err := tt.of.NormalizeGitHubURL(tt.given)
		require.NoError(t, err, tt.given)
		require.Equal(t, tt.want, got, tt.given)
	}
	for _, tt := range []struct {
		of    config.GitHub
		given string
		why   string
	}{
		{public, "http://api.github.com/", "https://"},
		{public, "http://github.example.com/api/v3/", "https://"},
		{public, "http://127.0.0.1:4567/", "https://"},
		{public, "file:///etc/passwd", "is no URL"},
		{public, "https:/api.github.com", "is no URL"},
		{public, "api.github.com", "is no URL"},
		{public, "https://user:s3cret@api.github.com/", "is no URL"},
		{public, "https://api.github.com/?a=s3cret", "is no URL"},
		{public, "https://api.github.com/?", "is no URL"},
		{public, "https://api.github.com/#s3cret", "is no URL"},
		{public, "https://a\x7f.com/", "is no URL"},
		{public, "https://api.github.com:8443/", "HOLDFAST_GITHUB_HOSTS"},
		{public, "https://api.github.com.evil.example/", "HOLDFAST_GITHUB_HOSTS"},
		{public, "https://evilghe.com/", "HOLDFAST_GITHUB_HOSTS"},
		{public, "https://api.octo.ghe.com:22/", "HOLDFAST_GITHUB_HOSTS"},
		{public, "https://github.example.com:8443/api/v3/", "HOLDFAST_GITHUB_HOSTS"},
		{public, "https://169.254.169.254/latest/", "HOLDFAST_GITHUB_HOSTS"},
		{public, "https://[::1]/", "HOLDFAST_GITHUB_HOSTS"},
		{public, "https://localhost/", "HOLDFAST_GITHUB_HOSTS"},
		{simulator, "http://127.0.0.1:4568/", "https://"},
		{simulator, "http://api.github.com/", "https://"},
	} {
		_, err := tt.of.NormalizeGitHubURL(tt.given)
		require.ErrorContains(t, err, tt.why, tt.given)
		require.NotContains(t, err.Error(), "s3cret")
		require.False(t, strings.HasPrefix(err.Error(), "GITHUB_API_URL"), "it is the client's, not the operator's mistake")
	}
}
