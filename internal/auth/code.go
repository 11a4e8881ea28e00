package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
)

// What begins an invitation's code and a refresh token. They are made as keys are, and so
// are known wherever they are found, and told from each other.
const (
	invitationPrefix = "hfi_"
	refreshPrefix    = "hfr_"
)

// Code is an invitation's code or a refresh token that was just made or shown: 256 random
// bits with a checksum. Nothing that prints it shows it.
type Code struct {
	secret string
	Hash   [sha256.Size]byte // what is kept of it
}

// NewInvitation makes an invitation's code.
func NewInvitation() Code { return newCode(invitationPrefix) }

// NewRefreshToken makes a refresh token.
func NewRefreshToken() Code { return newCode(refreshPrefix) }

// ParseInvitation reads an invitation's code. Its errors wrap ErrMalformed and do not quote it.
func ParseInvitation(text string) (Code, error) { return parseCode(invitationPrefix, text) }

// ParseRefreshToken reads a refresh token. Its errors wrap ErrMalformed and do not quote it.
func ParseRefreshToken(text string) (Code, error) { return parseCode(refreshPrefix, text) }

func newCode(prefix string) Code {
	raw := make([]byte, apiKeyRandom)
	rand.Read(raw) // never fails
	digits := base62(new(big.Int).SetBytes(raw), apiKeyDigits)
	return readCode(prefix + digits + checksum(digits))
}

func parseCode(prefix, text string) (Code, error) {
	digits, ok := strings.CutPrefix(text, prefix)
	if !ok || len(digits) != apiKeyDigits+checksumDigits {
		return Code{}, fmt.Errorf("%w: a code of another kind or length", ErrMalformed)
	}
	if digits[apiKeyDigits:] != checksum(digits[:apiKeyDigits]) {
		return Code{}, fmt.Errorf("%w: a code whose checksum is another", ErrMalformed)
	}
	return readCode(text), nil
}

func readCode(text string) Code { return Code{secret: text, Hash: sha256.Sum256([]byte(text))} }

// Reveal is the code itself, to be shown once.
func (c Code) Reveal() string { return c.secret }

// Format prints how it begins only, whatever the verb.
func (c Code) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.hint()) }

// MarshalText writes how it begins only.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.hint()), nil }

func (c Code) hint() string { return c.secret[:min(len(c.secret), len(refreshPrefix))] + "…" }
