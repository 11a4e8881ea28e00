package github

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	leastKeyBits  = 2048
	largestKeyPEM = 16 << 10 // bytes; a key of 8,192 bits takes half of it

	// GitHub takes a JWT for ten minutes at most, and wants its beginning in the past, in
	// case that clocks differ. Source: docs.github.com/apps/creating-github-apps/
	// authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.
	jwtBefore = time.Minute
	jwtFor    = 9 * time.Minute
)

// errKey is all that an error says of a private key: parsers may repeat parts of it.
var errKey = errors.New("the private key of a GitHub App is an RSA key of at least 2048 bits, in PEM (PKCS#1 or PKCS#8) and not encrypted")

// ParsePrivateKey reads the private key of an App as GitHub hands it out. Its error
// holds nothing of the key.
func ParsePrivateKey(pem string) (*rsa.PrivateKey, error) {
	if len(pem) > largestKeyPEM {
		return nil, errKey
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(pem))
	if err != nil || key.N.BitLen() < leastKeyBits || key.Validate() != nil {
		return nil, errKey
	}
	return key, nil
}

// signJWT is what an App shows to GitHub as itself.
func signJWT(key *rsa.PrivateKey, appID int64, now time.Time) (string, error) {
	claims := jwt.RegisteredClaims{
		Issuer:    strconv.FormatInt(appID, 10),
		IssuedAt:  jwt.NewNumericDate(now.Add(-jwtBefore)),
		ExpiresAt: jwt.NewNumericDate(now.Add(jwtFor)),
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign the App's JWT: %w", err)
	}
	return token, nil
}
