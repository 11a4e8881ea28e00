package connection_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/connection"
)

func TestServes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		patterns    string
		owner, name string
		want        bool
	}{
		{"", "octo", "mirror", true},
		{"", "octo", "", true},
		{"octo/mirror", "octo", "mirror", true},
		{"Octo/Mirror", "oCTO", "mIRROR", true},
		{"octo/mirror", "octo", "mirrors", false},
		{"octo/mirror", "octo-corp", "mirror", false},
		{"octo/*", "octo", "mirror", true},
		{"octo/*", "octo-corp", "mirror", false},
		{"octo/api-*", "octo", "api-go", true},
		{"octo/api-*", "octo", "web", false},
		{"octo*/*", "octo-corp", "web", true},
		{"*/docs", "anybody", "docs", true},
		{"*/docs", "anybody", "code", false},
		{"a/b,octo/*", "octo", "web", true},
		{"a/b,octo/*", "a", "c", false},
		// Of an owner one of the repositories is enough.
		{"octo/mirror", "octo", "", true},
		{"octo/mirror", "other", "", false},
		// What is no pattern serves nothing, rather than everything.
		{"octo/[", "octo", "mirror", false},
		{"octo", "octo", "mirror", false},
	} {
		var c connection.Connection
		if tt.patterns != "" {
			c.Repositories = strings.Split(tt.patterns, ",")
		}
		require.Equal(t, tt.want, c.Serves(tt.owner, tt.name), "%q for %s/%s", tt.patterns, tt.owner, tt.name)
	}
}

// secrets are all set, each to a text that is easily found.
func secrets() connection.Secrets {
	return connection.Secrets{Token: "s3cret-a", PrivateKey: "s3cret-b", WebhookSecret: "s3cret-c", PreviousWebhookSecret: "s3cret-d"}
}

func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	held := connection.Held{Secrets: secrets()}
	made := connection.New{Secrets: secrets()}
	change := connection.Change{Secrets: secrets()}
	own := secrets()
	for _, v := range []any{own, &own, held, &held, made, change, map[string]connection.Held{"a": held}, []connection.Secrets{own}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		encoded, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(encoded)
		for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			slog.New(handler).Info("what was handed in", "value", v)
		}
	}
	require.NotContains(t, out.String(), "s3cret")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "s3cret"))
	require.Contains(t, out.String(), "[hidden]")
}

func TestFieldsOfSecrets(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		connection.FieldToken: "s3cret-a", connection.FieldPrivateKey: "s3cret-b",
		connection.FieldWebhookSecret: "s3cret-c", connection.FieldPreviousWebhookSecret: "s3cret-d",
	}
	require.Equal(t, want, secrets().Fields())
	require.Empty(t, connection.Secrets{}.Fields())
	require.Equal(t, map[string]string{connection.FieldToken: "x"}, connection.Secrets{Token: "x"}.Fields())

	var again connection.Secrets
	for field, value := range want {
		again.Set(field, value)
	}
	again.Set("what a later version may keep", "x")
	require.Equal(t, secrets(), again)
}
