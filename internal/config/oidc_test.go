package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/config"
)

const actions = `[{
	"issuer": "https://token.actions.githubusercontent.com", "audience": "https://holdfast.example.com", "algorithms": ["RS256"],
	"workspace": "00000000-0000-7000-8000-000000000001", "subject_prefix": "actions",
	"roles": {"repository": {"octo/mirror": "operator"}}, "require": {"ref": ["refs/heads/main"]}, "repositories": ["octo/*"]}]`

func TestOIDCIssuers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "issuers.json")
	require.NoError(t, os.WriteFile(file, []byte(actions), 0o600))
	for name, setting := range map[string]string{"text": "HOLDFAST_OIDC_ISSUERS=" + actions, "file": "HOLDFAST_OIDC_ISSUERS_FILE=" + file} {
		c, err := config.LoadAPI(complete(setting))
		require.NoError(t, err, name)
		issuers, err := c.OIDC()
		require.NoError(t, err, name)
		require.Len(t, issuers, 1)
		require.Equal(t, "https://token.actions.githubusercontent.com", issuers[0].URL)
		require.Equal(t, auth.RoleOperator, issuers[0].Roles["repository"]["octo/mirror"])
	}
	c, err := config.LoadAPI(complete())
	require.NoError(t, err)
	issuers, err := c.OIDC()
	require.NoError(t, err)
	require.Empty(t, issuers)
}

func TestOIDCIssuersThatAreNotAcceptable(t *testing.T) {
	t.Parallel()
	change := func(from, to string) string { return strings.Replace(actions, from, to, 1) }
	for name, tt := range map[string]struct{ text, want string }{
		"no JSON":           {"{", "no JSON list of issuers"},
		"no list":           {"{}", "no JSON list of issuers"},
		"two lists":         {actions + "[]", "more than one JSON list"},
		"none":              {"[]", "names no issuer"},
		"too long":          {actions + strings.Repeat(" ", 256<<10), "longer than"},
		"unknown setting":   {change(`"audience"`, `"audiences"`), "audiences"},
		"http":              {change("https://token", "http://token"), "issuer must begin with https://"},
		"with a query":      {change("usercontent.com", "usercontent.com?a=b"), "without user, query and fragment"},
		"no issuer":         {change("https://token.actions.githubusercontent.com", ""), "issuer must be set"},
		"no audience":       {change("https://holdfast.example.com", ""), "audience must be set"},
		"HMAC":              {change("RS256", "HS256"), `"HS256" is none of RS256`},
		"none as algorithm": {change("RS256", "none"), `"none" is none of RS256`},
		"no workspace":      {change(`"workspace": "00000000-0000-7000-8000-000000000001", `, ""), "workspace or workspace_claim must be set"},
		"two workspaces":    {change(`"workspace":`, `"workspace_claim": "w", "workspace":`), "only one of workspace and workspace_claim"},
		"odd workspace":     {change("00000000-0000-7000-8000-000000000001", "default"), `"default" is no UUID`},
		"no prefix":         {change("actions\"", "\""), "subject_prefix must be set"},
		"odd prefix":        {change(`"actions"`, `"Actions:"`), "lower-case letters"},
		"our own prefix":    {change(`"actions"`, `"key"`), "this server's own"},
		"no roles":          {change(`{"repository": {"octo/mirror": "operator"}}`, `{}`), "roles must be set"},
		"no role's value":   {change(`{"octo/mirror": "operator"}`, `{}`), "at least one value"},
		"odd role":          {change(`"operator"`, `"root"`), `stands for "root"`},
		"odd requirement":   {change(`["refs/heads/main"]`, `[]`), "require"},
		"odd repository":    {change(`"octo/*"`, `"octo"`), `"octo" is no pattern`},
		"no repository":     {change(`["octo/*"]`, `[]`), "repositories is empty"},
		"two allow-lists":   {change(`"repositories"`, `"repositories_claim": "repository", "repositories"`), "only one of repositories and repositories_claim"},
		"odd type":          {change(`"audience"`, `"token_type": "saml", "audience"`), "token_type"},
		"twice":             {strings.TrimSuffix(actions, "]") + "," + actions[1:], "is there twice"},
		"one prefix of two": {strings.TrimSuffix(actions, "]") + "," + strings.Replace(actions[1:], "token.actions", "other", 1), "subject_prefix \"actions\" as well"},
	} {
		_, err := config.LoadAPI(complete("HOLDFAST_OIDC_ISSUERS=" + tt.text))
		require.ErrorContains(t, err, "HOLDFAST_OIDC_ISSUERS: ", name)
		require.ErrorContains(t, err, tt.want, name)
	}
	_, err := config.LoadAPI(complete("HOLDFAST_OIDC_ISSUERS="+actions, "HOLDFAST_OIDC_ISSUERS_FILE=x"))
	require.ErrorContains(t, err, "only one of")
	_, err = config.LoadAPI(complete("HOLDFAST_OIDC_ISSUERS_FILE=" + filepath.Join(t.TempDir(), "absent")))
	require.ErrorContains(t, err, "HOLDFAST_OIDC_ISSUERS_FILE: cannot be read")
}

func TestOIDCIssuersOnLoopback(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1:8080", "localhost", "[::1]:9000"} {
		_, err := config.LoadAPI(complete("HOLDFAST_OIDC_ISSUERS=" + strings.Replace(actions, "https://token.actions.githubusercontent.com", "http://"+host, 1)))
		require.NoError(t, err, host)
	}
}

// The examples of the guide are acceptable.
func TestOIDCIssuersOfTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/identity-oidc.md")
	require.NoError(t, err)
	var examples int
	for block := range strings.SplitSeq(string(guide), "```json\n") {
		text, _, found := strings.Cut(block, "\n```\n")
		if !strings.HasPrefix(text, "[") || !found {
			continue
		}
		examples++
		_, err := config.LoadAPI(complete("HOLDFAST_OIDC_ISSUERS=" + text))
		require.NoError(t, err)
	}
	require.Equal(t, 2, examples)
}
