package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	connectionIDOfTests = "0190a6c8-0000-7000-8000-00000000000a"
	connectionJSON      = `{"id":"` + connectionIDOfTests + `","name":"ci","kind":"app","source":"api","base_url":"https://api.github.com/","repositories":["octo/*"],
		"app_id":12,"installation_id":34,"reserve":{"percent":30},"in_flight":10,"account":"installation:34@api.github.com","login":"octo","state":"ok",
		"state_since":"2026-03-01T12:00:00Z","checked_at":"2026-03-01T12:00:00Z","webhook":{"hook":"orgs/octo/hooks/1","has_secret":true},
		"version":1,"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`
	checkJSON = `{"state":"ok","checked_at":"2026-03-01T12:00:00Z","account":"installation:34@api.github.com","login":"octo","app":"Mirror","scopes_known":false,
		"permissions":{"metadata":"read","issues":"read"},"expires_at":"2026-04-01T12:00:00Z","repository_selection":"selected","repositories":3,
		"limits":[{"resource":"core","limit":5000,"remaining":4872,"reset_at":"2026-03-01T13:00:00Z"}],
		"unreadable":[{"collection":"teams","reason":"No permission."}],"notes":["Only so much."]}`
	budgetsJSON = `{"budgets":[{"account":"user:7@api.github.com","connections":["` + connectionIDOfTests + `"],"known":true,"at":"2026-03-01T12:00:00Z","in_flight":4,
		"max_in_flight":10,"processes":2,"resources":[{"resource":"core","limit":5000,"remaining":3100,"reset_at":"2026-03-01T13:00:00Z","reserve":1500,
		"spent":{"lanes":{"interactive":12,"backfill":1830},"operations":[{"operation_id":"op-1","spent":1830}],"others":58}}],
		"windows":[{"limit":"github_points_per_minute","resource":"core","seconds":60,"spent":640,"most":900},{"limit":"github_content_limit","seconds":60,"spent":0,"most":80}],
		"holds":[{"limit":"github_secondary_limit","reason":"GitHub asked to slow down.","until":"2026-03-01T12:01:00Z"}],"waiting":{"backfill":7}},
		{"account":"anonymous@api.github.com","connections":[],"known":false,"resources":[],"in_flight":0,"max_in_flight":0,"windows":[],"holds":[],"waiting":{},"processes":0}]}`
)

// connectionsAPI answers as the API does about one connection, and notes what it was sent.
type connectionsAPI struct {
	env  []string
	sent []string // method and path, and the body if there was one
}

func newConnectionsAPI(t *testing.T, check string) *connectionsAPI {
	t.Helper()
	a := &connectionsAPI{}
	answers := map[string]string{
		"GET /v1/connections":                                    `{"connections":[` + connectionJSON + `]}`,
		"POST /v1/connections":                                   strings.TrimSuffix(connectionJSON, "}") + `,"check":` + check + `}`,
		"PATCH /v1/connections/" + connectionIDOfTests:           connectionJSON,
		"DELETE /v1/connections/" + connectionIDOfTests:          "",
		"POST /v1/connections/" + connectionIDOfTests + "/check": check,
		"GET /v1/budgets":                                        budgetsJSON,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := r.Method + " " + r.URL.Path
		answer, known := answers[route]
		body, err := io.ReadAll(r.Body)
		if err != nil || !known {
			t.Errorf("unexpected %s (%v)", route, err)
		}
		a.sent = append(a.sent, strings.TrimSpace(route+" "+string(body)))
		if answer == "" {
			w.WriteHeader(http.StatusNoContent)
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	a.env = []string{"HOLDFAST_API_URL=" + server.URL, "HOLDFAST_TOKEN=secret"}
	return a
}

// file is a file with that text.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestConnectionsCommandsThatRead(t *testing.T) {
	t.Parallel()
	a := newConnectionsAPI(t, checkJSON)
	stdout, _, err := holdfast(t, a.env, "connections", "list")
	require.NoError(t, err)
	require.Equal(t, `NAME  KIND  STATE  LOGIN  REPOSITORIES  RESERVE  ID
ci    app   ok     octo   octo/*        30%      `+connectionIDOfTests+"\n", stdout)
	stdout, _, err = holdfast(t, a.env, "connections", "list", "--json")
	require.NoError(t, err)
	require.JSONEq(t, `{"connections":[`+connectionJSON+`]}`, stdout)
	for _, which := range []string{"ci", connectionIDOfTests} {
		stdout, _, err = holdfast(t, a.env, "connections", "show", which)
		require.NoError(t, err)
		for _, line := range []string{
			"App           12, installation 34\n", "in flight     at most 10\n", "webhook       orgs/octo/hooks/1 with a secret\n",
			"account       octo installation:34@api.github.com\n", "state         ok\n", "checked       2026-03-01 12:00:00Z\n",
		} {
			require.Contains(t, stdout, line)
		}
	}
	stdout, _, err = holdfast(t, a.env, "connections", "show", "ci", "--json")
	require.NoError(t, err)
	require.JSONEq(t, connectionJSON, stdout)
	_, _, err = holdfast(t, a.env, "connections", "show", "other")
	require.EqualError(t, err, "there is no connection \"other\"; `holdfast connections list` lists them")
}

func TestConnectionsCheckCommand(t *testing.T) {
	t.Parallel()
	a := newConnectionsAPI(t, checkJSON)
	stdout, _, err := holdfast(t, a.env, "connections", "check", "ci")
	require.NoError(t, err)
	require.Equal(t, `state         ok
account       octo installation:34@api.github.com
App           Mirror
permission    issues: read
permission    metadata: read
repositories  3, selected
expires       2026-04-01 12:00:00Z
limit         core: 4872 of 5000 left until 2026-03-01 13:00:00Z
cannot read   teams: No permission.
note          Only so much.
`, stdout)
	stdout, _, err = holdfast(t, a.env, "connections", "check", "ci", "--json")
	require.NoError(t, err)
	require.JSONEq(t, checkJSON, stdout)

	a = newConnectionsAPI(t, `{"state":"refused","reason":"Bad credentials.","checked_at":"2026-03-01T12:00:00Z","scopes":["repo"],"scopes_known":true,"limits":[],"unreadable":[]}`)
	stdout, _, err = holdfast(t, a.env, "connections", "check", "ci")
	require.EqualError(t, err, "the connection ci is refused: Bad credentials.")
	require.Equal(t, "state   refused Bad credentials.\nscopes  repo\n", stdout)
}

func TestConnectionsCommandsThatWrite(t *testing.T) {
	t.Parallel()
	token, key, secret, none := file(t, "ghp_hidden\n"), file(t, "PEM\nhidden\n"), file(t, "webhook hidden"), file(t, "")
	one := "/v1/connections/" + connectionIDOfTests
	for _, tt := range []struct{ args, sent string }{
		{"create ci --token-file " + token, `POST /v1/connections {"name":"ci","token":"ghp_hidden"}`},
		{
			"create ci --app-id 12 --installation-id 34 --private-key-file " + key + " --base-url https://github.example.com/api/v3 --no-check",
			`POST /v1/connections {"name":"ci","app":{"id":12,"installation_id":34,"private_key":"PEM\nhidden"},"base_url":"https://github.example.com/api/v3","check":false}`,
		},
		{
			"create ci --token-file " + token + " --repositories octo/*,a/b --reserve 12.5% --in-flight 5 --hook orgs/octo/hooks/1 --webhook-secret-file " + secret,
			`POST /v1/connections {"name":"ci","token":"ghp_hidden","repositories":["octo/*","a/b"],"reserve":{"percent":12.5},"in_flight":5,"webhook":{"hook":"orgs/octo/hooks/1","secret":"webhook hidden"}}`,
		},
		{"update ci --name other --reserve 1500 --disable", `PATCH ` + one + ` {"name":"other","reserve":{"requests":1500},"disabled":true}`},
		{"update ci --enable --all-repositories", `PATCH ` + one + ` {"repositories":[],"disabled":false}`},
		{"update ci --private-key-file " + key, `PATCH ` + one + ` {"app":{"private_key":"PEM\nhidden"}}`},
		{"update ci --hook= --previous-webhook-secret-file " + none, `PATCH ` + one + ` {"webhook":{"hook":"","previous_secret":""}}`},
		{"update ci --token-file " + token, `PATCH ` + one + ` {"token":"ghp_hidden"}`},
		{"delete ci", `DELETE ` + one},
	} {
		a := newConnectionsAPI(t, checkJSON)
		stdout, stderr, err := holdfast(t, a.env, append([]string{"connections"}, strings.Fields(tt.args)...)...)
		require.NoError(t, err, tt.args)
		require.Equal(t, tt.sent, a.sent[len(a.sent)-1], tt.args)
		require.NotContains(t, stdout+stderr, "hidden")
		switch verb, _, _ := strings.Cut(tt.args, " "); verb {
		case "create":
			require.Equal(t, connectionIDOfTests+"\n", stdout)
			require.Contains(t, stderr, "cannot read   teams: No permission.")
		case "update":
			require.Contains(t, stdout, "name          ci\n")
		default:
			require.Equal(t, "The connection ci was deleted.\n", stderr)
		}
	}
}

// connectionsReading runs the command with that text as its standard input.
func connectionsReading(t *testing.T, a *connectionsAPI, stdin string, args ...string) error {
	t.Helper()
	cmd := newConnectionsCommand(process{env: a.env, stdout: io.Discard, stderr: io.Discard})
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	return cmd.ExecuteContext(t.Context())
}

func TestConnectionsCommandsReadStandardInput(t *testing.T) {
	t.Parallel()
	a := newConnectionsAPI(t, checkJSON)
	require.NoError(t, connectionsReading(t, a, "ghp_hidden\r\n", "create", "ci", "--token-file", "-"))
	require.Equal(t, []string{`POST /v1/connections {"name":"ci","token":"ghp_hidden"}`}, a.sent)
}

func TestConnectionsCommandsRefuse(t *testing.T) {
	t.Parallel()
	token, none, large := file(t, "ghp_hidden"), file(t, "\n"), file(t, strings.Repeat("hidden", 20_000))
	for args, want := range map[string]string{
		"create ci --token-file " + none:                         "--token-file: there is nothing in it",
		"create ci --token-file " + large:                        "--token-file: it is larger than 64 KiB",
		"create ci --token-file " + token + ".not":               "--token-file: the file cannot be opened: no such file or directory",
		"create ci --token-file ghp_hidden":                      "--token-file: the file cannot be opened: no such file or directory",
		"create ci --token-file " + t.TempDir():                  "--token-file: it cannot be read: is a directory",
		"create ci --token-file - --webhook-secret-file -":       "--token-file and --webhook-secret-file cannot both be standard input",
		"update ci --private-key-file " + none:                   "--private-key-file: there is nothing in it",
		"create ci --token-file " + token + " --reserve 30%%":    `--reserve "30%%" is no percentage`,
		"create ci --token-file " + token + " --reserve a-third": `--reserve "a-third" is neither a percentage like 30% nor a number of requests`,
		"create ci --token-file " + token + " --in-flight 0":     "--in-flight must be 1 to 100",
		"create ci --token-file " + token + " --repositories=":   "--repositories has nothing in it; leave it out",
		"update ci --enable --disable":                           "none of the others can be",
		"create":                                                 "accepts 1 arg",
		"create ci --token ghp_hidden":                           "unknown flag: --token",
	} {
		a := newConnectionsAPI(t, checkJSON)
		err := connectionsReading(t, a, "hidden", strings.Fields(args)...)
		require.ErrorContains(t, err, want, args)
		require.NotContains(t, err.Error(), "hidden")
	}
}

func TestBudgetsCommand(t *testing.T) {
	t.Parallel()
	a := newConnectionsAPI(t, checkJSON)
	stdout, _, err := holdfast(t, a.env, "budgets")
	require.NoError(t, err)
	require.Equal(t, `user:7@api.github.com
  limit      core: 3100 of 5000 left until 2026-03-01 13:00:00Z, 1500 in reserve
  spent      core: 1830 by backfill
  spent      core: 12 by interactive
             core: 1830 by operation op-1
             core: 58 by others
  window     github_points_per_minute core: 640 of 900 in 60s
  window     github_content_limit: 0 of 80 in 60s
  in flight  4 of 10, by 2 processes
  waiting    7 of backfill
  held       GitHub asked to slow down.

anonymous@api.github.com
  not used lately
`, stdout)
	stdout, _, err = holdfast(t, a.env, "budgets", "--json")
	require.NoError(t, err)
	require.JSONEq(t, budgetsJSON, stdout)
}
