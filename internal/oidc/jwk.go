package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/holdfast/holdfast/internal/auth"
)

const (
	// leastRSA is what RFC 7518 sections 3.3 and 3.5 ask of a key; mostRSA bounds what
	// a signature costs to verify. Both in bits.
	leastRSA, mostRSA = 2048, 8192
	// mostKeys bounds the keys of an issuer.
	mostKeys = 64
	// longestKeyID bounds a "kid", in bytes.
	longestKeyID = 255
)

// jwk is a key as RFC 7517 and RFC 7518 section 6 write it.
type jwk struct {
	KeyType    string          `json:"kty"`
	Use        string          `json:"use"`
	Operations []string        `json:"key_ops"`
	Algorithm  string          `json:"alg"`
	ID         string          `json:"kid"`
	Curve      string          `json:"crv"`
	X          string          `json:"x"`
	Y          string          `json:"y"`
	N          string          `json:"n"`
	E          string          `json:"e"`
	D          json.RawMessage `json:"d"` // the private half: nobody may have it
}

// keyID names a key for one algorithm. RFC 7517 section 4.5 lets keys of several types
// share a "kid"; that a token's "alg" must be the key's keeps one from passing as another.
type keyID struct{ id, algorithm string }

// key verifies signatures of one algorithm.
type key struct {
	public  crypto.PublicKey
	voucher *auth.Voucher
}

// readKeys reads a key set, and of the keys those that verify signatures with one of the
// algorithms. Section 5 of RFC 7517 has what is not understood be passed over: unfit says
// of each key that was why it is not used.
func readKeys(raw []byte, accepted []string) (keys map[keyID]crypto.PublicKey, unfit []error, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, nil, errors.New("the key set is no JSON object with keys")
	}
	if set.Keys == nil {
		return nil, nil, errors.New("the key set has no keys member")
	}
	if len(set.Keys) > mostKeys {
		return nil, nil, fmt.Errorf("the key set has more than %d keys", mostKeys)
	}
	keys = map[keyID]crypto.PublicKey{}
	for n, raw := range set.Keys {
		var k jwk
		if err := json.Unmarshal(raw, &k); err != nil {
			unfit = append(unfit, fmt.Errorf("key %d: it is no JSON Web Key", n+1))
			continue
		}
		public, fits, err := k.read()
		if err != nil {
			unfit = append(unfit, fmt.Errorf("key %d: %w", n+1, err))
			continue
		}
		for _, algorithm := range fits {
			id := keyID{k.ID, algorithm}
			if !slices.Contains(accepted, algorithm) || k.Algorithm != "" && k.Algorithm != algorithm {
				continue
			}
			if _, twice := keys[id]; twice {
				return nil, nil, errors.New("the key set has two keys of one kid and type")
			}
			keys[id] = public
		}
	}
	return keys, unfit, nil
}

// read is the key and the algorithms that it fits.
func (k jwk) read() (public crypto.PublicKey, fits []string, err error) {
	switch {
	case k.ID == "" || len(k.ID) > longestKeyID:
		return nil, nil, fmt.Errorf("it has no kid, or one longer than %d bytes", longestKeyID)
	case k.Use != "" && k.Use != "sig":
		return nil, nil, errors.New("its use is not sig")
	case k.Operations != nil && !slices.Contains(k.Operations, "verify"):
		return nil, nil, errors.New("its key_ops do not hold verify")
	case k.D != nil:
		return nil, nil, errors.New("its private half is published")
	}
	switch k.KeyType {
	case "RSA":
		public, err = k.rsa()
		return public, []string{"RS256", "PS256"}, err
	case "EC":
		return k.ec()
	case "OKP":
		public, err = k.okp()
		return public, []string{"EdDSA"}, err
	}
	return nil, nil, errors.New("its kty is not one that signs for others to verify")
}

func (k jwk) rsa() (*rsa.PublicKey, error) {
	n, err := decode(k.N, mostRSA/8+1)
	if err != nil {
		return nil, fmt.Errorf("its n: %w", err)
	}
	e, err := decode(k.E, 4)
	if err != nil {
		return nil, fmt.Errorf("its e: %w", err)
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e).Int64()
	if bits := modulus.BitLen(); bits < leastRSA || bits > mostRSA || modulus.Bit(0) == 0 {
		return nil, fmt.Errorf("it has %d bits, and needs %d to %d", bits, leastRSA, mostRSA)
	}
	if exponent < 3 || exponent >= 1<<31 || exponent%2 == 0 {
		return nil, errors.New("its exponent is not odd, or not between 3 and 2^31")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent)}, nil
}

func (k jwk) ec() (*ecdsa.PublicKey, []string, error) {
	curve, fits := elliptic.P256(), []string{"ES256"}
	switch k.Curve {
	case "P-256":
	case "P-384":
		curve, fits = elliptic.P384(), []string{"ES384"}
	default:
		return nil, nil, errors.New("its crv is neither P-256 nor P-384")
	}
	size := (curve.Params().BitSize + 7) / 8
	x, errX := decode(k.X, size)
	y, errY := decode(k.Y, size)
	if errX != nil || errY != nil || len(x) != size || len(y) != size {
		return nil, nil, errors.New("its x and y are not as long as its curve's")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, nil, errors.New("it is no point of its curve")
	}
	return public, fits, nil
}

func (k jwk) okp() (ed25519.PublicKey, error) {
	if k.Curve != "Ed25519" {
		return nil, errors.New("its crv is not Ed25519")
	}
	x, err := decode(k.X, ed25519.PublicKeySize)
	if err != nil || len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("its x is not %d bytes", ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(x), nil
}

// decode reads base64url without padding, of at most that many bytes.
func decode(text string, most int) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw) > most {
		return nil, errors.New("it is no base64url of a fitting length")
	}
	return raw, nil
}
