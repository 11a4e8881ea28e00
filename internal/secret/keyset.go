// Package secret encrypts what must not be readable where it is kept, with keys
// that can be exchanged while everything runs.
//
// A [Keyset] holds one or more keys of authenticated encryption (Tink's AEAD
// primitive). One of them is the primary and encrypts; all of them decrypt. A key is
// replaced without a moment in which something cannot be read:
//
//  1. Add a key, and give the new keyset to every process. All of them can now read
//     what nobody writes yet.
//  2. Promote it, and give that keyset to every process. What is written from now on
//     is encrypted with the new key.
//  3. Remove the old key once nothing is left that was encrypted with it.
package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrDecrypt is what Decrypt fails with: none of the keys fits, or the text or its
// associated data is not what was encrypted. The two cannot be told apart.
var ErrDecrypt = errors.New("it was not encrypted with any of these keys, or it was changed")

// Keyset is immutable and safe for concurrent use. Nothing that formats or logs it
// shows a key.
type Keyset struct {
	handle *keyset.Handle
	aead   tink.AEAD
}

// Key tells of one key what is no secret.
type Key struct {
	ID      uint32
	Primary bool // what is encrypted now is encrypted with it
}

// New makes a keyset of one fresh key.
func New() (*Keyset, error) {
	// Its nonces are long enough to be random however often a key is used.
	handle, err := keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return fromHandle(handle)
}

// Parse reads a keyset: base64, in any of its usual spellings, of a cleartext Tink
// keyset of AEAD keys as JSON or in its binary form. Its errors never quote text.
func Parse(text string) (*Keyset, error) {
	text = strings.NewReplacer("+", "-", "/", "_", "\n", "", "\r", "").Replace(strings.TrimSpace(text))
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	var reader keyset.Reader = keyset.NewBinaryReader(bytes.NewReader(raw))
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		reader = keyset.NewJSONReader(bytes.NewReader(raw))
	}
	handle, err := insecurecleartextkeyset.Read(reader)
	if err != nil {
		// Tink's own words may repeat a part of what it could not read.
		return nil, errors.New("it is not a Tink keyset in clear text")
	}
	return fromHandle(handle)
}

func fromHandle(handle *keyset.Handle) (*Keyset, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("its keys are not for authenticated encryption (AEAD)")
	}
	return &Keyset{handle: handle, aead: primitive}, nil
}

// Encode writes the keyset, its secrets in clear, as Parse reads it.
func (k *Keyset) Encode() (string, error) {
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(k.handle, keyset.NewJSONWriter(&raw)); err != nil {
		return "", fmt.Errorf("write the keyset: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw.Bytes()), nil
}

// Encrypt encrypts text with the primary key. Whoever decrypts it has to show the
// same associated data, which is not part of the result.
func (k *Keyset) Encrypt(text, associatedData []byte) ([]byte, error) {
	out, err := k.aead.Encrypt(text, associatedData)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return out, nil
}

// Decrypt is the reverse of Encrypt, by whichever key fits. ErrDecrypt.
func (k *Keyset) Decrypt(encrypted, associatedData []byte) ([]byte, error) {
	out, err := k.aead.Decrypt(encrypted, associatedData)
	if err != nil {
		return nil, ErrDecrypt
	}
	return out, nil
}

// Keys lists the keys, the oldest first.
func (k *Keyset) Keys() []Key {
	info := k.handle.KeysetInfo()
	keys := make([]Key, 0, len(info.GetKeyInfo()))
	for _, key := range info.GetKeyInfo() {
		keys = append(keys, Key{ID: key.GetKeyId(), Primary: key.GetKeyId() == info.GetPrimaryKeyId()})
	}
	return keys
}

// Primary is the id of the key that encrypts.
func (k *Keyset) Primary() uint32 { return k.handle.KeysetInfo().GetPrimaryKeyId() }

// Has tells whether a key of that id is among the keys.
func (k *Keyset) Has(id uint32) bool {
	for _, key := range k.Keys() {
		if key.ID == id {
			return true
		}
	}
	return false
}

// Add is the keyset with one more key, which decrypts and does not encrypt yet.
func (k *Keyset) Add() (*Keyset, error) {
	return k.change("add a key", func(m *keyset.Manager) error {
		_, err := m.Add(aead.XAES256GCM192BitNonceKeyTemplate())
		return err
	})
}

// Promote is the keyset with that key as its primary.
func (k *Keyset) Promote(id uint32) (*Keyset, error) {
	return k.change(fmt.Sprintf("promote key %d", id), func(m *keyset.Manager) error { return m.SetPrimary(id) })
}

// Remove is the keyset without that key, which must not be the primary.
func (k *Keyset) Remove(id uint32) (*Keyset, error) {
	return k.change(fmt.Sprintf("remove key %d", id), func(m *keyset.Manager) error { return m.Delete(id) })
}

func (k *Keyset) change(what string, do func(*keyset.Manager) error) (*Keyset, error) {
	manager := keyset.NewManagerFromHandle(k.handle)
	if err := do(manager); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return fromHandle(handle)
}

// String names the keys, not what they are.
func (k *Keyset) String() string {
	if k == nil {
		return "no keys"
	}
	var b strings.Builder
	for i, key := range k.Keys() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "key %d", key.ID)
		if key.Primary {
			b.WriteString(" (primary)")
		}
	}
	return b.String()
}

// GoString is String: %#v shows no key either.
func (k *Keyset) GoString() string { return k.String() }

// LogValue is String: a log shows no key either.
func (k *Keyset) LogValue() slog.Value { return slog.StringValue(k.String()) }
