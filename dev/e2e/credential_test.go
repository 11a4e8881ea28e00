package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/sdk/v1"
	temporal "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// A credential that GitHub does not accept fails nothing: its operation waits, says so
// wherever one may look, and goes on when the credential is mended.
func TestAnOperationWaitsForItsCredential(t *testing.T) {
	t.Parallel()
	const why = "wrong, expired or revoked"
	w := setup(t, options{
		items: 300, simulator: githubsim.Options{Tokens: []string{"the-token"}},
		// The operation looks again every 3 s, and GitHub is asked again every 15.
		env: []string{"GITHUB_TOKEN=the-token", "HOLDFAST_GITHUB_TIME_SCALE=0.05"},
	})
	w.sim.RevokeToken("the-token")
	op, c := w.startSync(), w.temporal()
	w.startWorker()
	require.Eventually(t, func() bool {
		got, err := w.client.Operation(t.Context(), op.ID)
		require.NoError(t, err)
		return got.State == operation.StatePending && got.Waiting != nil && got.Waiting.For == "github_credential" && strings.Contains(got.Waiting.Reason, why)
	}, syncTimeout, 50*time.Millisecond, "the operation says so")
	require.Eventually(t, func() bool { return strings.Contains(w.details(c, op.ID), why) }, syncTimeout, 50*time.Millisecond, "Temporal's UI says so")
	require.LessOrEqual(t, w.sim.Stats().Total, int64(3), "GitHub is not asked again and again")

	w.sim.RestoreToken("the-token")
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()
	var streamed []string
	_, err := w.client.Watch(t.Context(), op.ID, 0, func(_ operation.Operation, m progress.Message) error {
		if m.Operation != nil && m.Operation.Waiting != nil {
			streamed = append(streamed, m.Operation.Waiting.For)
		}
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, streamed, "github_credential", "the stream says so")
	require.Less(t, len(streamed), 5, "and not at each look")
	var summaries []string
	for _, event := range w.history(op.ID).GetEvents() {
		if event.GetTimerStartedEventAttributes() != nil {
			var summary string
			require.NoError(t, converter.GetDefaultDataConverter().FromPayload(event.GetUserMetadata().GetSummary(), &summary))
			summaries = append(summaries, summary)
		}
	}
	require.Greater(t, len(summaries), 1)
	require.Contains(t, summaries[0], why, "the timer says so")
}

// details is what Temporal's UI shows of an operation while it runs.
func (w *world) details(c temporal.Client, id string) string {
	w.t.Helper()
	value, err := c.QueryWorkflow(w.t.Context(), id, "", "__temporal_workflow_metadata")
	require.NoError(w.t, err)
	var about sdk.WorkflowMetadata
	require.NoError(w.t, value.Get(&about))
	return about.GetCurrentDetails()
}

// A credential that is revoked in the middle of a sync fails nothing where the
// repository has another one: that one reads the rest.
func TestAnotherCredentialTakesOver(t *testing.T) {
	t.Parallel()
	scopes := []string{"repo", "read:org"}
	keyset, err := newKeyset(t).Encode()
	require.NoError(t, err)
	w := setup(t, options{
		items: 5000,
		simulator: githubsim.Options{Users: []githubsim.User{
			{Login: "ada", ID: 1, Tokens: []githubsim.Token{{Value: "token-of-ada", Scopes: scopes}}},
			{Login: "bob", ID: 2, Tokens: []githubsim.Token{{Value: "token-of-bob", Scopes: scopes}}},
		}},
		env: []string{"HOLDFAST_SECRETS_KEYSET=" + keyset},
	})
	connections := map[string]client.Connection{}
	for _, name := range []string{"ada", "bob"} {
		made, err := w.client.CreateConnection(t.Context(), client.ConnectionRequest{Name: &name, Token: "token-of-" + name})
		require.NoError(t, err)
		connections[name] = made
	}
	began := map[string]int64{"user:1": w.used("user:1"), "user:2": w.used("user:2")}
	op := w.startSync()
	w.startWorker()
	first, second := "ada", "bob"
	require.Eventually(t, func() bool {
		if w.used("user:2") > began["user:2"]+20 {
			first, second = "bob", "ada"
		}
		return w.used("user:1") > began["user:1"]+20 || w.used("user:2") > began["user:2"]+20
	}, syncTimeout, time.Millisecond, "a repository keeps to one of those that serve it")
	w.sim.RevokeToken("token-of-" + first)
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()

	got, err := w.client.FindConnection(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, "refused", got.State)
	require.Contains(t, got.StateReason, "wrong, expired or revoked")
	require.Equal(t, connections[first].ID, got.ID)
	got, err = w.client.FindConnection(t.Context(), second)
	require.NoError(t, err)
	require.Equal(t, "ok", got.State)
	other := map[string]string{"ada": "user:1", "bob": "user:2"}[second]
	require.Greater(t, w.used(other), began[other]+20, "the other one has read the rest")
	_, err = w.client.Watch(t.Context(), op.ID, 0, func(_ operation.Operation, m progress.Message) error {
		if m.Operation != nil && m.Operation.Waiting != nil {
			require.NotEqual(t, "github_credential", m.Operation.Waiting.For, "nothing waits for a credential where there is another one")
		}
		return nil
	})
	require.NoError(t, err)
}

// used is how many requests of its hour an account has made.
func (w *world) used(account string) (n int64) {
	for _, window := range w.sim.Windows(account) {
		if window.Resource == "core" {
			n += int64(window.Used)
		}
	}
	return n
}
