// Package payload keeps what Holdfast gives Temporal to keep (inputs, results,
// failures, summaries) unreadable for whoever reads Temporal's database or its API.
//
// Search attributes, workflow ids and types, and the names of activities and errors
// stay in clear: Temporal searches and decides by them. docs/security.md has the list.
package payload

import (
	"errors"
	"fmt"
	"strconv"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast/holdfast/internal/secret"
)

const (
	// encoding of an encrypted payload, in its metadata: the name that Temporal's UI
	// and samples know.
	encoding = "binary/encrypted"
	// metadataKeyID names the key in the metadata. It is for people and for errors;
	// what decrypts is in the text itself.
	metadataKeyID = "encryption-key-id"
	// purpose is the associated data of every payload: what the same keyset encrypts
	// for another purpose cannot be passed off as a payload. It names neither namespace
	// nor workflow, since the codec server is not told whose payload it decodes.
	purpose = "holdfast temporal payload v1"
)

// Errors of Decode. What wraps them names the key, not the payload.
var (
	// ErrNoKey means that the keyset does not hold the key that was used.
	ErrNoKey = errors.New("HOLDFAST_PAYLOAD_KEYSET does not hold the key")
	// ErrDamaged means that the key is there and the payload is not what it encrypted.
	ErrDamaged = errors.New("the payload is damaged or was made for something else")
)

// Codec encrypts payloads for Temporal. Payloads that were written before there was
// a keyset stay readable.
type Codec struct {
	keys *secret.Keyset
}

var _ converter.PayloadCodec = (*Codec)(nil)

// NewCodec encrypts with keys. Without any (nil) nothing is encrypted, and what was
// encrypted is refused with an error that says so.
func NewCodec(keys *secret.Keyset) *Codec { return &Codec{keys: keys} }

// Encode encrypts payloads, each whole: what its metadata tells of its type is
// nobody's business either.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if c.keys == nil {
		return payloads, nil
	}
	out := make([]*commonpb.Payload, len(payloads))
	id := []byte(strconv.FormatUint(uint64(c.keys.Primary()), 10))
	for i, p := range payloads {
		text, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("write a payload: %w", err)
		}
		data, err := c.keys.Encrypt(text, []byte(purpose))
		if err != nil {
			return nil, fmt.Errorf("a payload: %w", err)
		}
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKeyID: id},
			Data:     data,
		}
	}
	return out, nil
}

// Decode decrypts those payloads that are encrypted. ErrNoKey, ErrDamaged.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		out[i] = p
		if string(p.GetMetadata()[converter.MetadataEncoding]) != encoding {
			continue
		}
		text, err := c.decrypt(p)
		if err != nil {
			return nil, err
		}
		out[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(text, out[i]); err != nil {
			return nil, fmt.Errorf("%w: it holds no payload", ErrDamaged)
		}
	}
	return out, nil
}

func (c *Codec) decrypt(p *commonpb.Payload) ([]byte, error) {
	// Whoever wrote the payload chose this text: it is repeated only as a number.
	id, err := strconv.ParseUint(string(p.GetMetadata()[metadataKeyID]), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: it names no key", ErrDamaged)
	}
	if c.keys == nil || !c.keys.Has(uint32(id)) {
		return nil, fmt.Errorf("%w %d, with which this payload was encrypted (it holds: %s)", ErrNoKey, id, c.keys)
	}
	text, err := c.keys.Decrypt(p.GetData(), []byte(purpose))
	if err != nil {
		return nil, fmt.Errorf("%w: key %d does not fit", ErrDamaged, id)
	}
	return text, nil
}
