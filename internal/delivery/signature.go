package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// signaturePrefix is what X-Hub-Signature-256 begins with.
const signaturePrefix = "sha256="

// Sign is the X-Hub-Signature-256 of a body.
// Source: docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries.
func Sign(secret string, body []byte) string {
	return signaturePrefix + hex.EncodeToString(mac(secret, body))
}

// Verify tells whether header is the X-Hub-Signature-256 of body with one of the
// secrets: there are two while a secret is replaced. The time that it takes says
// nothing of how much of a signature is right, nor which secret made it. An empty
// secret verifies nothing.
func Verify(secrets []string, header string, body []byte) bool {
	digits, ok := strings.CutPrefix(header, signaturePrefix)
	if !ok {
		return false
	}
	given, err := hex.DecodeString(digits)
	if err != nil || len(given) != sha256.Size {
		return false
	}
	equal := false
	for _, secret := range secrets {
		equal = hmac.Equal(given, mac(secret, body)) && secret != "" || equal
	}
	return equal
}

func mac(secret string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return h.Sum(nil)
}
