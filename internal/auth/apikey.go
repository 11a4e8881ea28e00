package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"math/big"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

// A key of the API is "hf_", 43 characters for its 256 random bits, and 6 for a checksum
// (CRC-32) over those, all in base 62. So it is known as one wherever it is found, one that
// was mistyped or cut off is refused without a query, and a double click selects it whole.
const (
	apiKeyPrefix   = "hf_"
	apiKeyRandom   = 32 // bytes
	apiKeyDigits   = 43
	checksumDigits = 6
	hintDigits     = 8
)

// APIKey is a key that was just made or shown. Nothing that prints it shows it.
type APIKey struct {
	secret string
	Hash   [sha256.Size]byte // what is kept of it
	Hint   string            // how it begins, for people who look for it
}

// NewAPIKey makes a key.
func NewAPIKey() APIKey {
	raw := make([]byte, apiKeyRandom)
	rand.Read(raw) // never fails
	digits := base62(new(big.Int).SetBytes(raw), apiKeyDigits)
	return readAPIKey(apiKeyPrefix + digits + checksum(digits))
}

// ParseAPIKey reads a key that is shown. Its errors wrap ErrMalformed and do not quote it.
func ParseAPIKey(text string) (APIKey, error) {
	digits, ok := strings.CutPrefix(text, apiKeyPrefix)
	if !ok || len(digits) != apiKeyDigits+checksumDigits {
		return APIKey{}, fmt.Errorf("%w: a key of another length", ErrMalformed)
	}
	if sum := checksum(digits[:apiKeyDigits]); digits[apiKeyDigits:] != sum {
		return APIKey{}, fmt.Errorf("%w: a key whose checksum is another", ErrMalformed)
	}
	return readAPIKey(text), nil
}

// IsAPIKey tells a key from a token, by how it begins.
func IsAPIKey(text string) bool { return strings.HasPrefix(text, apiKeyPrefix) }

func readAPIKey(text string) APIKey {
	return APIKey{secret: text, Hash: sha256.Sum256([]byte(text)), Hint: text[:len(apiKeyPrefix)+hintDigits]}
}

// Identity is who showed the key, going by what is known of it. Its errors are
// ErrRevoked, ErrExpired and ErrInvalid.
func (k APIKey) Identity(known operation.KnownKey, now time.Time) (Identity, error) {
	i := Identity{
		Subject: "key:" + known.ID, WorkspaceID: known.WorkspaceID, Role: Role(known.Role), TokenID: known.ID, Repositories: known.Repositories,
	}
	if known.ExpiresAt != nil {
		i.ExpiresAt = *known.ExpiresAt
	}
	switch {
	case known.Revoked:
		return Identity{}, ErrRevoked
	case known.ExpiresAt != nil && !now.Before(*known.ExpiresAt):
		return Identity{}, ErrExpired
	case !i.Role.Valid():
		return Identity{}, ErrInvalid
	}
	return i, nil
}

// Reveal is the key itself, to be shown once.
func (k APIKey) Reveal() string { return k.secret }

// Format prints the hint only, whatever the verb.
func (k APIKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.Hint+"…") }

// MarshalText writes the hint only.
func (k APIKey) MarshalText() ([]byte, error) { return []byte(k.Hint + "…"), nil }

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// base62 writes n with that many digits.
func base62(n *big.Int, digits int) string {
	out, base, digit := make([]byte, digits), big.NewInt(int64(len(alphabet))), new(big.Int)
	for i := digits - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = alphabet[digit.Int64()]
	}
	return string(out)
}

func checksum(digits string) string {
	return base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(digits)))), checksumDigits)
}
