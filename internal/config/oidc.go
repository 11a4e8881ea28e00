package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/holdfast/holdfast/internal/oidc"
)

// mostIssuers bounds the text that lists issuers, in bytes.
const mostIssuers = 256 << 10

// Issuers says whose tokens are accepted beside those of our own keys.
type Issuers struct {
	// OIDCIssuers is a JSON list of oidc.Issuer, OIDCIssuersFile the file that holds one.
	OIDCIssuers     string `env:"HOLDFAST_OIDC_ISSUERS"`
	OIDCIssuersFile string `env:"HOLDFAST_OIDC_ISSUERS_FILE"`
}

// OIDC are the issuers, none if none are named.
func (c Issuers) OIDC() ([]oidc.Issuer, error) {
	name, text := "HOLDFAST_OIDC_ISSUERS", []byte(c.OIDCIssuers)
	if c.OIDCIssuersFile != "" {
		if c.OIDCIssuers != "" {
			return nil, errors.New("only one of HOLDFAST_OIDC_ISSUERS and HOLDFAST_OIDC_ISSUERS_FILE may be set")
		}
		var err error
		name = "HOLDFAST_OIDC_ISSUERS_FILE"
		if text, err = os.ReadFile(c.OIDCIssuersFile); err != nil {
			return nil, fmt.Errorf("%s: cannot be read: %w", name, err)
		}
	} else if c.OIDCIssuers == "" {
		return nil, nil
	}
	issuers, err := parseIssuers(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return issuers, nil
}

func parseIssuers(text []byte) ([]oidc.Issuer, error) {
	if len(text) > mostIssuers {
		return nil, fmt.Errorf("is longer than %d bytes", mostIssuers)
	}
	var issuers []oidc.Issuer
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&issuers); err != nil {
		return nil, fmt.Errorf("is no JSON list of issuers: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one JSON list")
	}
	if len(issuers) == 0 {
		return nil, errors.New("is set and names no issuer")
	}
	if err := oidc.Check(issuers); err != nil {
		return nil, err //nolint:wrapcheck // says which issuer
	}
	return issuers, nil
}
