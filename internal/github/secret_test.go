package github_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/holdfast/holdfast/internal/github"
)

// printed is every way in which a value may get into a log, an answer or an error.
func printed(t *testing.T, values ...any) string {
	t.Helper()
	var out bytes.Buffer
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("x", "v", v) // as a careless line would
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	return out.String()
}

func TestNothingPrintedShowsASecret(t *testing.T) {
	t.Parallel()
	f, recorder := newFake(t), tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	budgets := ledger(t)
	o := github.Options{BaseURL: f.URL, Now: time.Now, Scale: 0.001, Account: budgets.Account("test", nil), TracerProvider: provider}
	app, err := github.NewApp(o, appID, appKey())
	require.NoError(t, err)
	byApp, byToken := o, o
	byApp.Credential, byToken.Credential = github.NewInstallation(app, installationID, "c", &tokens{now: time.Now}), github.StaticToken("ghp_secret")
	byApp.Refused, byToken.Refused = nil, nil
	installed, err := github.New(byApp)
	require.NoError(t, err)
	personal, err := github.New(byToken)
	require.NoError(t, err)

	_, err = installed.List(t.Context(), "repos/o/r/issues", github.Ask{})
	require.NoError(t, err)
	var failed []error
	_, err = personal.List(t.Context(), "repos/o/r/issues", github.Ask{})
	failed = append(failed, err)
	f.now(func() { clear(f.good); f.mint = cutOff })
	_, err = installed.List(t.Context(), "repos/o/r/issues", github.Ask{})
	failed = append(failed, err)
	f.now(func() { f.mint = status(http.StatusUnauthorized) })
	_, err = installed.GraphQL(t.Context(), query, nil)
	failed = append(failed, err)
	for _, err := range failed {
		require.Error(t, err)
	}

	budgets.Close() // it is printed as well
	type holder struct{ credential github.Credential }
	said := printed(t, tokenOf("a", "ghp_secret"), holder{byApp.Credential}, holder{byToken.Credential}, &holder{byToken.Credential}, byApp.Credential, byToken.Credential, byApp, byToken, installed, personal, app, errors.Join(failed...))
	for _, span := range recorder.Ended() {
		said += fmt.Sprint(span.Name(), span.Attributes(), span.Events(), span.Status())
	}
	require.GreaterOrEqual(t, len(recorder.Ended()), 5)
	for _, secret := range []string{"ghp_secret", "ghs_secret"} {
		require.NotContains(t, said, secret)
		require.NotContains(t, said, hex.EncodeToString([]byte(secret)))
	}
	require.NotContains(t, said, fmt.Sprint(appKey().D), "the key's own number")
	require.NotContains(t, said, "Bearer")
	require.NotContains(t, strings.ToLower(said), "eyj", "how a JWT begins")
}
