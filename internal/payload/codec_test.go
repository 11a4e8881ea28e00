package payload_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/payload"
	"github.com/holdfast/holdfast/internal/secret"
)

func fresh(t *testing.T) *secret.Keyset {
	t.Helper()
	k, err := secret.New()
	require.NoError(t, err)
	return k
}

// plain is a payload as the SDK writes it without a codec.
func plain(t *testing.T, value any) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return p
}

// encrypted is plain after the codec.
func encrypted(t *testing.T, keys *secret.Keyset, value any) *commonpb.Payload {
	t.Helper()
	out, err := payload.NewCodec(keys).Encode([]*commonpb.Payload{plain(t, value)})
	require.NoError(t, err)
	return out[0]
}

func TestCodecEncryptsWholePayloads(t *testing.T) {
	t.Parallel()
	keys := fresh(t)
	in := []*commonpb.Payload{plain(t, "octo/mirror"), plain(t, []byte("octo")), plain(t, nil)}
	codec := payload.NewCodec(keys)
	out, err := codec.Encode(in)
	require.NoError(t, err)
	require.Len(t, out, len(in))
	for i, p := range out {
		require.Equal(t, map[string][]byte{
			"encoding": []byte("binary/encrypted"), "encryption-key-id": []byte(strconv.FormatUint(uint64(keys.Primary()), 10)),
		}, p.GetMetadata())
		require.NotContains(t, string(p.GetData()), "octo")
		require.NotContains(t, string(p.GetData()), "json/plain")
		require.Less(t, len(p.GetData()), proto.Size(in[i])+64, "what encryption adds")
	}
	got, err := codec.Decode(out)
	require.NoError(t, err)
	for i, p := range got {
		require.True(t, proto.Equal(in[i], p))
	}
}

// Encryption can be switched on, and its key exchanged, while workflows run.
func TestCodecReadsWhatCameBefore(t *testing.T) {
	t.Parallel()
	first := fresh(t)
	added, err := first.Add()
	require.NoError(t, err)
	promoted, err := added.Promote(added.Keys()[1].ID)
	require.NoError(t, err)
	history := []*commonpb.Payload{plain(t, 1), encrypted(t, first, 2), encrypted(t, promoted, 3)}
	got, err := payload.NewCodec(promoted).Decode(history)
	require.NoError(t, err)
	for i, p := range got {
		require.True(t, proto.Equal(plain(t, i+1), p))
	}
	require.NotEqual(t, string(history[1].GetMetadata()["encryption-key-id"]), string(history[2].GetMetadata()["encryption-key-id"]))

	_, err = payload.NewCodec(first).Decode(history)
	require.ErrorIs(t, err, payload.ErrNoKey, "promoted before every worker had the key")
}

func TestCodecSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	keys := fresh(t)
	change := func(edit func(*commonpb.Payload)) *commonpb.Payload {
		p := proto.CloneOf(encrypted(t, keys, "octo/mirror"))
		edit(p)
		return p
	}
	for name, tt := range map[string]struct {
		codec   *payload.Codec
		payload *commonpb.Payload
		is      error
		says    string
	}{
		"no keyset":   {payload.NewCodec(nil), encrypted(t, keys, 1), payload.ErrNoKey, "does not hold the key " + strconv.FormatUint(uint64(keys.Primary()), 10)},
		"another key": {payload.NewCodec(fresh(t)), encrypted(t, keys, 1), payload.ErrNoKey, "it holds: key "},
		"changed":     {payload.NewCodec(keys), change(func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 }), payload.ErrDamaged, "does not fit"},
		"cut off":     {payload.NewCodec(keys), change(func(p *commonpb.Payload) { p.Data = nil }), payload.ErrDamaged, "does not fit"},
		"no key id":   {payload.NewCodec(keys), change(func(p *commonpb.Payload) { delete(p.Metadata, "encryption-key-id") }), payload.ErrDamaged, "names no key"},
		"odd key id":  {payload.NewCodec(keys), change(func(p *commonpb.Payload) { p.Metadata["encryption-key-id"] = []byte("1\n2") }), payload.ErrDamaged, "names no key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.codec.Decode([]*commonpb.Payload{tt.payload})
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, tt.says)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	open, err := payload.NewCodec(nil).Encode([]*commonpb.Payload{plain(t, 1)})
	require.NoError(t, err)
	require.Equal(t, "json/plain", string(open[0].GetMetadata()["encoding"]), "without a keyset nothing is encrypted")
}

func TestFailuresAreEncrypted(t *testing.T) {
	t.Parallel()
	for _, keys := range []*secret.Keyset{fresh(t), nil} {
		var o client.Options
		payload.Configure(&o, keys)
		failure := o.FailureConverter.ErrorToFailure(temporal.NewApplicationErrorWithCause("GitHub has no octo/mirror", "not_found", errors.New("the cause: octo")))
		raw, err := protojson.Marshal(failure)
		require.NoError(t, err)
		require.Equal(t, keys == nil, strings.Contains(string(raw), "octo"))
		require.Equal(t, "not_found", failure.GetApplicationFailureInfo().GetType(), "what is decided by stays in clear")

		var app *temporal.ApplicationError
		require.ErrorAs(t, o.FailureConverter.FailureToError(failure), &app)
		require.Equal(t, "GitHub has no octo/mirror", app.Message())
		require.ErrorContains(t, app.Unwrap(), "the cause: octo")
	}
}

func TestServerSpeaksTheRemoteCodecsProtocol(t *testing.T) {
	t.Parallel()
	keys := fresh(t)
	server := payload.NewServer(keys)
	in, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{encrypted(t, keys, "octo/mirror"), plain(t, 1)}})
	require.NoError(t, err)
	out, err := server.Decode(t.Context(), in)
	require.NoError(t, err)
	require.JSONEq(t, `{"payloads":[
		{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"Im9jdG8vbWlycm9yIg=="},
		{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}`, string(out))
	again, err := server.Encode(t.Context(), out)
	require.NoError(t, err)
	require.NotContains(t, string(again), "anNvbi9wbGFpbg")
	again, err = server.Decode(t.Context(), again)
	require.NoError(t, err)
	require.JSONEq(t, string(out), string(again))

	for body, says := range map[string]string{
		"":                          "not a list of Temporal payloads",
		`[1]`:                       "not a list of Temporal payloads",
		`{"payloads":[{"data":1}]}`: "not a list of Temporal payloads",
		`{"payloads":[{}` + strings.Repeat(",{}", 20_000) + `]}`: "too many payloads",
	} {
		_, err := server.Decode(t.Context(), []byte(body))
		require.Equal(t, operation.CodeInvalid, operation.CodeOf(err), body)
		require.ErrorContains(t, err, says)
	}
	_, err = payload.NewServer(fresh(t)).Decode(t.Context(), in)
	require.Equal(t, operation.CodeInvalid, operation.CodeOf(err))
	require.ErrorContains(t, err, "does not hold the key")
	_, err = payload.NewServer(nil).Encode(t.Context(), out)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
}

func TestSealedTextIsOpenedByItsKeysOnly(t *testing.T) {
	t.Parallel()
	keys := fresh(t)
	server := payload.NewServer(keys)
	sealed, err := server.Seal("a token")
	require.NoError(t, err)
	text, err := server.Open(sealed)
	require.NoError(t, err)
	require.Equal(t, "a token", text)

	raw, err := payload.NewCodec(keys).Encode([]*commonpb.Payload{plain(t, "a token")})
	require.NoError(t, err)
	for name, open := range map[string]func() (string, error){
		"other keys": func() (string, error) { return payload.NewServer(fresh(t)).Open(sealed) },
		"no keys":    func() (string, error) { return payload.NewServer(nil).Open(sealed) },
		"a payload":  func() (string, error) { return server.Open(string(raw[0].GetData())) },
		"not base64": func() (string, error) { return server.Open("%") },
	} {
		_, err := open()
		require.ErrorIs(t, err, secret.ErrDecrypt, name)
	}
	_, err = payload.NewServer(nil).Seal("a token")
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
}
