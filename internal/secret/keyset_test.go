package secret_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"github.com/holdfast/holdfast/internal/secret"
)

var purpose = []byte("a test")

func fresh(t *testing.T) *secret.Keyset {
	t.Helper()
	k, err := secret.New()
	require.NoError(t, err)
	return k
}

// reread is the keyset after a process has read it from its environment.
func reread(t *testing.T, k *secret.Keyset) *secret.Keyset {
	t.Helper()
	text, err := k.Encode()
	require.NoError(t, err)
	out, err := secret.Parse(text)
	require.NoError(t, err)
	return out
}

func TestEncryptedTextIsReadWithTheSameKeysAndPurpose(t *testing.T) {
	t.Parallel()
	k := fresh(t)
	text := []byte("octo/mirror")
	encrypted, err := k.Encrypt(text, purpose)
	require.NoError(t, err)
	require.NotContains(t, string(encrypted), "octo")
	got, err := reread(t, k).Decrypt(encrypted, purpose)
	require.NoError(t, err)
	require.Equal(t, text, got)

	for name, decrypt := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return k.Decrypt(encrypted, []byte("another")) },
		"another key":     func() ([]byte, error) { return fresh(t).Decrypt(encrypted, purpose) },
		"nothing":         func() ([]byte, error) { return k.Decrypt(nil, purpose) },
		"a changed byte": func() ([]byte, error) {
			changed := bytes.Clone(encrypted)
			changed[len(changed)-1] ^= 1
			return k.Decrypt(changed, purpose)
		},
	} {
		_, err := decrypt()
		require.ErrorIs(t, err, secret.ErrDecrypt, name)
	}
}

// A rotation has no moment in which something cannot be read: at each step,
// processes with the keyset before and with the one after it run side by side.
func TestRotation(t *testing.T) {
	t.Parallel()
	first := fresh(t)
	added, err := first.Add()
	require.NoError(t, err)
	require.Len(t, added.Keys(), 2)
	require.Equal(t, first.Primary(), added.Primary(), "a new key does not encrypt yet")
	promoted, err := added.Promote(added.Keys()[1].ID)
	require.NoError(t, err)
	require.NotEqual(t, first.Primary(), promoted.Primary())

	for _, step := range [][2]*secret.Keyset{{first, added}, {added, promoted}} {
		for i, writer := range step {
			encrypted, err := writer.Encrypt([]byte("x"), purpose)
			require.NoError(t, err)
			_, err = reread(t, step[1-i]).Decrypt(encrypted, purpose)
			require.NoError(t, err)
		}
	}

	old, err := first.Encrypt([]byte("x"), purpose)
	require.NoError(t, err)
	removed, err := promoted.Remove(first.Primary())
	require.NoError(t, err)
	require.False(t, removed.Has(first.Primary()))
	_, err = removed.Decrypt(old, purpose)
	require.ErrorIs(t, err, secret.ErrDecrypt)
	_, err = removed.Remove(removed.Primary())
	require.ErrorContains(t, err, "remove key")
	_, err = removed.Promote(first.Primary())
	require.ErrorContains(t, err, "promote key")
}

func TestParse(t *testing.T) {
	t.Parallel()
	k := fresh(t)
	text, err := k.Encode()
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	require.NoError(t, err)
	var binary bytes.Buffer
	require.NoError(t, insecurecleartextkeyset.Write(handle, keyset.NewBinaryWriter(&binary)))
	for name, text := range map[string]string{
		"standard":     base64.StdEncoding.EncodeToString(raw),
		"URL":          base64.RawURLEncoding.EncodeToString(raw),
		"with a break": text[:40] + "\n" + text[40:] + "\n",
		"binary":       base64.StdEncoding.EncodeToString(binary.Bytes()),
		"AES-256-GCM":  encode(t, aead.AES256GCMKeyTemplate()),
	} {
		_, err := secret.Parse(text)
		require.NoError(t, err, name)
	}
	for name, text := range map[string]string{
		"not base64":     "s3cret!",
		"empty":          "",
		"not a keyset":   base64.StdEncoding.EncodeToString([]byte("s3cret")),
		"JSON, no keys":  base64.StdEncoding.EncodeToString([]byte(`{"s3cret":1}`)),
		"not for AEAD":   encode(t, mac.HMACSHA256Tag128KeyTemplate()),
		"cut off":        text[:len(text)/2],
		"without a key":  base64.StdEncoding.EncodeToString([]byte(`{"primaryKeyId":1,"key":[]}`)),
		"plain keyset":   string(raw),
		"an empty value": "====",
	} {
		_, err := secret.Parse(text)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "s3cret", name)
	}
}

// encode is a keyset of one key of that kind.
func encode(t *testing.T, template *tinkpb.KeyTemplate) string {
	t.Helper()
	handle, err := keyset.NewHandle(template)
	require.NoError(t, err)
	var raw bytes.Buffer
	require.NoError(t, insecurecleartextkeyset.Write(handle, keyset.NewBinaryWriter(&raw)))
	return base64.StdEncoding.EncodeToString(raw.Bytes())
}

func TestAKeysetIsNotPrinted(t *testing.T) {
	t.Parallel()
	k := fresh(t)
	text, err := k.Encode()
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	_, value, found := strings.Cut(string(raw), `"value":"`)
	require.True(t, found)
	value, _, _ = strings.Cut(value, `"`)
	require.NotEmpty(t, value)

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("keys", "keyset", k, "inside", struct{ K *secret.Keyset }{k})
	shown := fmt.Sprintf("%s %v %+v %#v %v", k, k, k, k, (*secret.Keyset)(nil)) + log.String()
	require.Contains(t, shown, fmt.Sprintf("key %d (primary)", k.Primary()))
	require.NotContains(t, shown, value)
}
