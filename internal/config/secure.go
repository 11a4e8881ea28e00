package config

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/holdfast/holdfast/internal/secret"
)

// Payloads says how what Temporal keeps is encrypted.
type Payloads struct {
	PayloadKeyset string `env:"HOLDFAST_PAYLOAD_KEYSET"`
}

// Keyset is what payloads are encrypted with, nil for not at all.
func (c Payloads) Keyset() (*secret.Keyset, error) {
	return parseKeyset(KeysetOfPayloads, c.PayloadKeyset)
}

// KeysetUse is what a keyset is for.
type KeysetUse struct {
	Variable string // of the environment
	Command  string // that makes one
}

// What keysets are for.
var (
	KeysetOfPayloads = KeysetUse{"HOLDFAST_PAYLOAD_KEYSET", "payload-keyset"}
	KeysetOfSecrets  = KeysetUse{"HOLDFAST_SECRETS_KEYSET", "secrets-keyset"}
)

// LoadKeyset reads and checks one keyset alone; nil: it is not set.
func LoadKeyset(e Environment, use KeysetUse) (*secret.Keyset, error) {
	return parseKeyset(use, e.Get(use.Variable))
}

func parseKeyset(use KeysetUse, text string) (*secret.Keyset, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no keyset and no error is a choice of the operator's
	}
	keys, err := secret.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; `holdfast %s new` makes one", use.Variable, err, use.Command)
	}
	return keys, nil
}

// DatabaseAuthorities are HOLDFAST_DATABASE_CA, nil if it is not set.
func (c Database) DatabaseAuthorities() (*x509.CertPool, error) {
	return authorities("HOLDFAST_DATABASE_CA", c.DatabaseCA)
}

// RedisAuthorities are HOLDFAST_REDIS_CA, nil if it is not set.
func (c Server) RedisAuthorities() (*x509.CertPool, error) {
	if c.RedisCA != "" && !strings.HasPrefix(c.RedisURL, "rediss://") {
		return nil, errors.New("HOLDFAST_REDIS_CA is set, and HOLDFAST_REDIS_URL does not begin with rediss://: Redis is spoken to without TLS")
	}
	return authorities("HOLDFAST_REDIS_CA", c.RedisCA)
}

// authorities reads certificates: PEM text, its line breaks possibly written as \n,
// or base64 of PEM text, for places that keep one line only.
func authorities(name, text string) (*x509.CertPool, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none were given
	}
	if !strings.Contains(text, "-----BEGIN") {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, fmt.Errorf("%s: is neither PEM text nor base64 of it", name)
		}
		text = string(raw)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(strings.ReplaceAll(text, `\n`, "\n"))) {
		return nil, fmt.Errorf("%s: holds no certificate that can be read", name)
	}
	return pool, nil
}

// mostOrigins bounds a list of origins.
const mostOrigins = 50

// Origins are the origins of HOLDFAST_CORS_ORIGINS, none if it is not set.
func (c API) Origins() ([]string, error) {
	return parseOrigins("HOLDFAST_CORS_ORIGINS", c.CORSOrigins)
}

// PagesOfStreams are the origins of HOLDFAST_STREAM_ORIGINS, none if it is not set.
func (c API) PagesOfStreams() ([]string, error) {
	return parseOrigins("HOLDFAST_STREAM_ORIGINS", c.StreamOrigins)
}

func parseOrigins(name, list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	var origins []string
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); strings.Contains(text, "*") {
			return nil, fmt.Errorf("%s: * is not possible, name each origin", name)
		}
		if err := checkOrigin(name, text); err != nil {
			return nil, err
		}
		origins = append(origins, text)
	}
	if len(origins) > mostOrigins {
		return nil, fmt.Errorf("%s: more than %d origins", name, mostOrigins)
	}
	return origins, nil
}

// checkOrigin tells whether text is an origin as browsers write it: scheme, host and
// a port that is not the scheme's own, and nothing after them.
func checkOrigin(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || text != u.Scheme+"://"+strings.ToLower(u.Host) {
		return fmt.Errorf("%s: is no origin like https://temporal.example.com, without a slash at its end", name)
	}
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		return fmt.Errorf("%s: leave the port out, as browsers do where it is the scheme's own", name)
	}
	return nil
}
