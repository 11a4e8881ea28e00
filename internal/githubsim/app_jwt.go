package githubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxAssertion is how far ahead an App's signed token may expire. Source: docs.github.com/apps/creating-github-apps/
// authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.
const maxAssertion = 10 * time.Minute

// What GitHub says of signed tokens that it does not accept.
const (
	notDecoded = "A JSON web token could not be decoded"
	badExpiry  = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
	farExpiry  = "'Expiration time' claim ('exp') is too far in the future"
	badIssued  = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	noApp      = "Integration not found"
)

// findApp is the App that signed a token.
func (c *credentials) findApp(token string, now time.Time) (*credential, *denial) {
	deny := func(status int, message string) (*credential, *denial) {
		return nil, &denial{status, message, "https://docs.github.com/rest"}
	}
	var (
		found  *credential
		nobody bool // the App that it names is not there
	)
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithJSONNumber(), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) {
		id, err := strconv.ParseInt(fmt.Sprint(claims["iss"]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the issuer: %w", err)
		}
		if found = c.apps[id]; found == nil || found.app.PublicKey == nil {
			nobody = true
			return nil, fmt.Errorf("there is no app %d with a key", id)
		}
		return found.app.PublicKey, nil
	})
	expires, hasExpiry := numericDate(claims["exp"])
	issued, hasIssued := numericDate(claims["iat"])
	switch {
	case nobody:
		return deny(http.StatusNotFound, noApp)
	case err != nil:
		return deny(http.StatusUnauthorized, notDecoded)
	case !hasExpiry || !expires.After(now):
		return deny(http.StatusUnauthorized, badExpiry)
	case expires.After(now.Add(maxAssertion)):
		return deny(http.StatusUnauthorized, farExpiry)
	case !hasIssued || issued.After(now):
		return deny(http.StatusUnauthorized, badIssued)
	}
	return found, nil
}

// numericDate reads a time of a signed token: whole seconds since 1970.
func numericDate(claim any) (time.Time, bool) {
	number, ok := claim.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	at, err := number.Int64()
	return time.Unix(at, 0), err == nil
}
