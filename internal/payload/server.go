package payload

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/secret"
)

// sessionPurpose is the associated data of what Seal encrypts.
const sessionPurpose = "holdfast codec session v1"

// maxObjects bounds the JSON objects in a body: the list, each payload and each
// payload's metadata. Of empty payloads a body of a few megabytes could hold
// millions, each a thousand bytes in memory and longer still when it is encrypted.
const maxObjects = 20_000

// Server is a remote codec: it decodes and encodes payloads for Temporal's Web UI and
// command line, which hold no key. It reads and writes the protocol's bodies; who may
// ask it, and over what, is the API's business.
type Server struct {
	codec *Codec
	keys  *secret.Keyset
}

// NewServer decodes with keys, nil for none.
func NewServer(keys *secret.Keyset) *Server { return &Server{codec: NewCodec(keys), keys: keys} }

// Decode answers a request to decode: both bodies are temporal.api.common.v1.Payloads
// as proto JSON. CodeInvalid for a body that is none or holds thousands of payloads, and
// for a payload that cannot be decrypted.
func (s *Server) Decode(_ context.Context, body []byte) ([]byte, error) {
	return serve(body, s.codec.Decode)
}

// Encode answers a request to encode. CodeInvalid, as Decode; CodeConflict without keys,
// for whoever asks would take clear text for encrypted.
func (s *Server) Encode(_ context.Context, body []byte) ([]byte, error) {
	if s.keys == nil {
		return nil, operation.Conflict("Payloads are not encrypted: HOLDFAST_PAYLOAD_KEYSET is not set.")
	}
	return serve(body, s.codec.Encode)
}

func serve(body []byte, convert func([]*commonpb.Payload) ([]*commonpb.Payload, error)) ([]byte, error) {
	// Data is base64 and holds no brace, so this is never too few.
	if bytes.Count(body, []byte{'{'}) > maxObjects {
		return nil, &operation.Error{Code: operation.CodeInvalid, Message: "The body holds too many payloads: send fewer at once."}
	}
	var payloads commonpb.Payloads
	// The UI sends what it was given by a server that may be newer than this one.
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, &payloads); err != nil {
		return nil, &operation.Error{Code: operation.CodeInvalid, Message: "The body is not a list of Temporal payloads.", Err: err}
	}
	converted, err := convert(payloads.GetPayloads())
	if err != nil {
		return nil, &operation.Error{Code: operation.CodeInvalid, Message: fmt.Sprintf("A payload cannot be read: %s.", err), Err: err}
	}
	out, err := protojson.Marshal(&commonpb.Payloads{Payloads: converted})
	if err != nil {
		return nil, fmt.Errorf("write the payloads: %w", err)
	}
	return out, nil
}

// Seal encrypts what the API hands a browser to bring back. CodeConflict without keys.
func (s *Server) Seal(text string) (string, error) {
	if s.keys == nil {
		return "", operation.Conflict("Payloads are not encrypted: HOLDFAST_PAYLOAD_KEYSET is not set.")
	}
	sealed, err := s.keys.Encrypt([]byte(text), []byte(sessionPurpose))
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open is the reverse of Seal. secret.ErrDecrypt for what it did not make.
func (s *Server) Open(sealed string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || s.keys == nil {
		return "", secret.ErrDecrypt
	}
	text, err := s.keys.Decrypt(raw, []byte(sessionPurpose))
	return string(text), err
}
