package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// A script tells by the exit status what it may do about a failure.
func TestExitStatuses(t *testing.T) {
	t.Parallel()
	answering := func(status int) []string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"status":%d,"title":"x","detail":"No."}`, status)
		}))
		t.Cleanup(server.Close)
		return []string{"HOLDFAST_API_URL=" + server.URL, "HOLDFAST_TOKEN=secret"}
	}
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	for name, tt := range map[string]struct {
		ctx    context.Context
		env    []string
		args   []string
		status int
	}{
		"help":               {args: []string{"help"}},
		"no such command":    {args: []string{"teleport"}, status: 2},
		"no such flag":       {args: []string{"operations", "--sate", "running"}, status: 2},
		"an argument missed": {args: []string{"watch"}, status: 2},
		"flags that exclude": {args: []string{"connections", "update", "x", "--enable", "--disable"}, status: 2},
		"no token":           {args: []string{"operations"}, status: 2},
		"the operation":      {args: []string{"watch", clientOpID}, env: clientAPI(t, "failed"), status: 1},
		"unauthorized":       {args: []string{"operations"}, env: answering(401), status: 3},
		"forbidden":          {args: []string{"keys", "list"}, env: answering(403), status: 3},
		"not found":          {args: []string{"operations", "show", clientOpID}, env: answering(404), status: 4},
		"gone":               {args: []string{"operations", "show", clientOpID}, env: answering(410), status: 4},
		"conflict":           {args: []string{"operations", "cancel", clientOpID}, env: answering(409), status: 5},
		"changed":            {args: []string{"operations", "cancel", clientOpID}, env: answering(412), status: 5},
		"not acceptable":     {args: []string{"sync", "octo/mirror"}, env: answering(422), status: 2},
		"too many":           {args: []string{"operations"}, env: answering(429), status: 6},
		"our fault":          {args: []string{"operations"}, env: answering(500), status: 6},
		"not there":          {args: []string{"operations"}, env: []string{"HOLDFAST_API_URL=http://127.0.0.1:1", "HOLDFAST_TOKEN=x"}, status: 6},
		"interrupted":        {ctx: interrupted, args: []string{"operations"}, env: answering(200), status: 130},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if tt.ctx != nil {
				ctx = tt.ctx
			}
			said := &log{}
			err := run(ctx, tt.args, tt.env, said, said)
			require.Equal(t, tt.status, exitStatus(err), "%v", err)
		})
	}
}

// mute are the commands without a result that a program would read.
func mute() []string {
	return []string{
		"holdfast api", "holdfast worker", "holdfast all", "holdfast worker promote",
		"holdfast migrate up", "holdfast migrate down", "holdfast migrate status", "holdfast health", "holdfast log-level",
		"holdfast openapi", "holdfast reference", "holdfast help", // JSON, Markdown and text for people anyway
	}
}

// Whatever a command prints, it prints as JSON too.
func TestEveryCommandPrintsJSON(t *testing.T) {
	t.Parallel()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Runnable() && !slices.Contains(mute(), cmd.CommandPath()) && cmd.Parent().Name() != "completion" &&
			cmd.Parent().Name() != "payload-keyset" && cmd.Parent().Name() != "secrets-keyset" { // they print the keyset, which is JSON's base64
			require.NotNil(t, cmd.Flags().Lookup("json"), "%s has no --json; or mute() names it", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	for _, cmd := range newRootCommand(process{}).Commands() {
		walk(cmd)
	}
}

func TestJSONOfASync(t *testing.T) {
	t.Parallel()
	env := clientAPI(t, "failed")
	var op struct{ ID, State string }
	stdout, stderr, err := holdfast(t, env, "sync", "octo/mirror", "--json")
	require.NoError(t, err)
	require.Empty(t, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &op))
	require.Equal(t, clientOpID, op.ID)
	for _, args := range [][]string{{"sync", "octo/mirror", "--json", "--watch"}, {"watch", clientOpID, "--json"}} {
		stdout, stderr, err = holdfast(t, env, args...)
		require.ErrorContains(t, err, "GitHub does not know this repository.")
		require.Empty(t, stderr)
		require.NoError(t, json.Unmarshal([]byte(stdout), &op), "one line: %q", stdout)
		require.Equal(t, "failed", op.State)
	}
	stdout, _, err = holdfast(t, append(env, "HOLDFAST_JWT_PRIVATE_KEY=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="), "token", "create", "--json")
	require.NoError(t, err)
	var made struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(stdout), &made))
	require.NotEmpty(t, made.Token)
}
