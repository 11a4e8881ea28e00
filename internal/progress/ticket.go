package progress

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// TicketLifetime is how long a ticket is good.
const TicketLifetime = 30 * time.Second

const (
	// ticketPrefix tells tickets from other secrets.
	ticketPrefix = "hft_"
	// ticketLength is how many random bytes a ticket has.
	ticketLength = 32
	ticketKey    = "holdfast:ticket:"
)

// ErrTicket is what a ticket is refused with that was never made, was used, or is too old.
var ErrTicket = errors.New("the ticket is not known")

// Tickets lets a page open a stream without showing its token in the URL: a token is
// exchanged for a ticket that is good once and for seconds, and that may stand there.
//
// Redis keeps, under the ticket's hash, the token encrypted with a key that only the
// ticket gives: who reads Redis has neither. It is safe for concurrent use.
type Tickets struct {
	redis redis.UniversalClient
}

// NewTickets keeps tickets in Redis, where all API processes find them.
func NewTickets(client redis.UniversalClient) *Tickets { return &Tickets{redis: client} }

// Issue makes a ticket for a token. It fails when Redis does.
func (t *Tickets) Issue(ctx context.Context, token string) (string, error) {
	secret := make([]byte, ticketLength)
	rand.Read(secret)
	sealer, err := ticketSealer(secret)
	if err != nil {
		return "", err
	}
	sealed := sealer.Seal(nil, nil, []byte(token), nil) //nolint:gosec // it makes a random nonce itself
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := t.redis.Set(ctx, ticketPlace(secret), sealed, TicketLifetime).Err(); err != nil {
		return "", fmt.Errorf("keep a ticket: %w", err)
	}
	return ticketPrefix + base64.RawURLEncoding.EncodeToString(secret), nil
}

// Redeem exchanges a ticket for its token, once. It fails with ErrTicket, and when Redis
// does.
func (t *Tickets) Redeem(ctx context.Context, ticket string) (string, error) {
	secret, ok := parseTicket(ticket)
	if !ok {
		return "", ErrTicket
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	sealed, err := t.redis.GetDel(ctx, ticketPlace(secret)).Bytes()
	if errors.Is(err, redis.Nil) {
		return "", ErrTicket
	}
	if err != nil {
		return "", fmt.Errorf("look for a ticket: %w", err)
	}
	sealer, err := ticketSealer(secret)
	if err != nil {
		return "", err
	}
	token, err := sealer.Open(nil, nil, sealed, nil)
	if err != nil {
		return "", ErrTicket
	}
	return string(token), nil
}

// parseTicket reads a ticket; each is written in one way only.
func parseTicket(ticket string) (secret []byte, ok bool) {
	text, found := strings.CutPrefix(ticket, ticketPrefix)
	if !found || len(text) != base64.RawURLEncoding.EncodedLen(ticketLength) {
		return nil, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return secret, err == nil
}

// ticketPlace is where a ticket is kept: its hash, so that comparing it tells nothing of it.
func ticketPlace(secret []byte) string {
	sum := sha256.Sum256(append([]byte("holdfast stream ticket\n"), secret...))
	return ticketKey + hex.EncodeToString(sum[:])
}

// ticketSealer encrypts with the key that a ticket gives.
func ticketSealer(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "holdfast stream ticket", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a ticket: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use the key of a ticket: %w", err)
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("use the key of a ticket: %w", err)
	}
	return sealer, nil
}
