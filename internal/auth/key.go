package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ParsePrivateKey reads a signing key: the base64 of its 32-byte Ed25519 seed,
// standard or URL alphabet, padded or not.
func ParsePrivateKey(s string) (ed25519.PrivateKey, error) {
	seed, err := decode(s, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("read the private key: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// ParsePublicKey reads a verifying key: the base64 of its 32 bytes, standard or
// URL alphabet, padded or not.
func ParsePublicKey(s string) (ed25519.PublicKey, error) {
	key, err := decode(s, ed25519.PublicKeySize)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	return ed25519.PublicKey(key), nil
}

// PublicKey is the public half of key.
func PublicKey(key ed25519.PrivateKey) ed25519.PublicKey {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok { // the standard library promises otherwise
		return nil
	}
	return public
}

// Thumbprint is the key's RFC 7638 thumbprint: SHA-256 over the required members
// of its JWK (RFC 8037 names them for Ed25519) in lexical order, base64url. It is
// the "kid" of the tokens that the key signed.
func Thumbprint(key ed25519.PublicKey) string {
	jwk := `{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(key) + `"}`
	sum := sha256.Sum256([]byte(jwk))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// JWK is a public key as RFC 7517 and, for Ed25519, RFC 8037 write one.
type JWK struct {
	KeyType   string `json:"kty" enum:"OKP"`
	Curve     string `json:"crv" enum:"Ed25519"`
	X         string `json:"x" doc:"The key's 32 bytes, base64url."`
	ID        string `json:"kid" doc:"RFC 7638 thumbprint."`
	Use       string `json:"use" enum:"sig"`
	Algorithm string `json:"alg" enum:"EdDSA"`
}

func toJWK(key ed25519.PublicKey) JWK {
	return JWK{KeyType: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(key), ID: Thumbprint(key), Use: "sig", Algorithm: "EdDSA"}
}

// decode reads base64 in any of its usual spellings. Its errors never quote s,
// which may be a secret.
func decode(s string, size int) ([]byte, error) {
	s = strings.TrimRight(strings.TrimSpace(s), "=")
	s = strings.NewReplacer("+", "-", "/", "_").Replace(s)
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	if len(raw) != size {
		return nil, fmt.Errorf("it holds %d bytes instead of %d", len(raw), size)
	}
	return raw, nil
}
