package e2e_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	temporal "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/secret"
)

func newKeyset(t *testing.T) *secret.Keyset {
	t.Helper()
	keys, err := secret.New()
	require.NoError(t, err)
	return keys
}

// keysetEnv has a process encrypt with keys; nil: with none.
func keysetEnv(t *testing.T, keys *secret.Keyset) []string {
	t.Helper()
	if keys == nil {
		return []string{"HOLDFAST_PAYLOAD_KEYSET="}
	}
	text, err := keys.Encode()
	require.NoError(t, err)
	return []string{"HOLDFAST_PAYLOAD_KEYSET=" + text}
}

// startWorkerWith starts a worker whose environment differs from the others'.
func (w *world) startWorkerWith(env ...string) *localservice.Process {
	w.t.Helper()
	w.mu.Lock()
	w.workers++
	name := "worker-" + strconv.Itoa(w.workers)
	w.mu.Unlock()
	worker, err := w.product.Start(name, env, "worker")
	require.NoError(w.t, err)
	w.stopAtEnd(worker)
	return worker
}

// payloads are what a history keeps of values, but for search attributes.
func payloads(t *testing.T, h *history.History) []*common.Payload {
	t.Helper()
	var all []*common.Payload
	require.NoError(t, proxy.VisitPayloads(t.Context(), h, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, p []*common.Payload) ([]*common.Payload, error) {
			all = append(all, p...)
			return p, nil
		},
	}))
	return all
}

// keyIDs are the ids of the keys that encrypted a history, each once; "" stands for
// what is in clear.
func keyIDs(t *testing.T, h *history.History) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, p := range payloads(t, h) {
		if string(p.GetMetadata()["encoding"]) == "binary/encrypted" {
			ids[string(p.GetMetadata()["encryption-key-id"])] = true
		} else {
			ids[""] = true
		}
	}
	return ids
}

// withoutAttributes is a history as bytes, without the search attributes.
func withoutAttributes(t *testing.T, h *history.History) string {
	t.Helper()
	h = proto.CloneOf(h)
	for _, e := range h.GetEvents() {
		if a := e.GetWorkflowExecutionStartedEventAttributes(); a != nil {
			a.SearchAttributes = nil
		}
		if a := e.GetUpsertWorkflowSearchAttributesEventAttributes(); a != nil {
			a.SearchAttributes = nil
		}
	}
	raw, err := proto.Marshal(h)
	require.NoError(t, err)
	return string(raw)
}

func keyID(k *secret.Keyset) string { return strconv.FormatUint(uint64(k.Primary()), 10) }

func TestPayloadsAreEncrypted(t *testing.T) {
	t.Parallel()
	keys := newKeyset(t)
	const origin = "http://127.0.0.1:8233"
	w := setup(t, options{env: append(keysetEnv(t, keys), "HOLDFAST_TEMPORAL_UI_ORIGIN="+origin)})
	w.startWorker()
	op := w.sync()
	w.requireMirrored()
	failed, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: "harborline/nothing"})
	require.NoError(t, err)
	ended := w.awaitEnd(failed.ID)
	require.Equal(t, operation.StateFailed, ended.State)
	require.Contains(t, ended.Failure.Message, "GitHub has no repository harborline/nothing", "the API's users read it as ever")

	for _, id := range []string{op.ID, failed.ID} {
		h := w.history(id)
		require.Equal(t, map[string]bool{keyID(keys): true}, keyIDs(t, h))
		raw := withoutAttributes(t, h)
		for _, text := range []string{"harborline", "relay", "nothing", "GitHub has no", "Read issues", "collections", "repository_id"} {
			require.NotContains(t, raw, text)
		}
		require.Contains(t, raw, "SyncRepository", "names of types stay in clear")
	}
	w.requireDecoded(op.ID, origin)
}

// requireDecoded has the API decode a workflow's history as Temporal's UI does.
func (w *world) requireDecoded(id, origin string) {
	t := w.t
	t.Helper()
	token, err := w.product.Token(t.Context(), "admin")
	require.NoError(t, err)
	encrypted := payloads(t, w.history(id))
	body, err := protojson.Marshal(&common.Payloads{Payloads: encrypted})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.api.URL+"/v1/codec/decode?preserveStorageRefs=true", strings.NewReader(string(body)))
	require.NoError(t, err)
	request.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Origin": {origin}, "X-Namespace": {w.temporalNamespace}}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", answer)
	require.Equal(t, origin, response.Header.Get("Access-Control-Allow-Origin"))
	var decoded common.Payloads
	require.NoError(t, protojson.Unmarshal(answer, &decoded))
	require.Len(t, decoded.GetPayloads(), len(encrypted))
	var text strings.Builder
	for _, p := range decoded.GetPayloads() {
		require.NotEqual(t, "binary/encrypted", string(p.GetMetadata()["encoding"]))
		text.Write(p.GetData())
	}
	require.Contains(t, text.String(), `"subject":"harborline/relay"`)
	require.Contains(t, text.String(), "Read issues")
}

// A key is exchanged while a sync runs, and encryption is switched on before that.
func TestPayloadKeysAreRotatedWhileASyncRuns(t *testing.T) {
	t.Parallel()
	first := newKeyset(t)
	added, err := first.Add()
	require.NoError(t, err)
	promoted, err := added.Promote(added.Keys()[1].ID)
	require.NoError(t, err)
	w := setup(t, options{items: 30_000})
	op := w.startSync()
	for _, keys := range []*secret.Keyset{nil, first, added, promoted} {
		worker := w.startWorkerWith(keysetEnv(t, keys)...)
		seen := w.sim.Stats().Total
		require.Eventually(t, func() bool { return w.sim.Stats().Total > seen+40 }, syncTimeout, time.Millisecond)
		if keys == promoted {
			break
		}
		stop(t, worker)
	}
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()
	require.Equal(t, map[string]bool{"": true, keyID(first): true, keyID(promoted): true}, keyIDs(t, w.history(op.ID)))
}

// stop asks a process to end, and waits for it.
func stop(t *testing.T, p *localservice.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, p.Stop(ctx))
}

// A worker that was started without the key says so, in its log and in Temporal's UI,
// and ends nobody's operation: another worker goes on with it.
func TestAWorkerWithoutTheKeySaysSo(t *testing.T) {
	t.Parallel()
	keys := newKeyset(t)
	w := setup(t, options{env: keysetEnv(t, keys)})
	op := w.startSync()
	blind := w.startWorkerWith(keysetEnv(t, nil)...)
	says := "HOLDFAST_PAYLOAD_KEYSET does not hold the key " + keyID(keys)
	require.Eventually(t, func() bool { return strings.Contains(w.firstFailedTask(op.ID), says) }, syncTimeout, 50*time.Millisecond)
	log, err := os.ReadFile(w.dir + "/worker-1.log")
	require.NoError(t, err)
	require.Contains(t, string(log), says)
	got, err := w.client.Operation(t.Context(), op.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StatePending, got.State)

	stop(t, blind)
	w.startWorker()
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()
}

// firstFailedTask is why the first failed decision of a workflow failed; empty while
// none has.
func (w *world) firstFailedTask(id string) string {
	w.t.Helper()
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace})
	require.NoError(w.t, err)
	defer c.Close()
	events := c.GetWorkflowHistory(w.t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(w.t, err)
		if a := event.GetWorkflowTaskFailedEventAttributes(); a != nil {
			return a.GetFailure().GetMessage()
		}
	}
	return ""
}
