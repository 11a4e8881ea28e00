package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// fetchTime bounds what an issuer may take to answer, the discovery document and
	// the key set together.
	fetchTime = 5 * time.Second
	// mostDocument bounds each of the two, in bytes.
	mostDocument = 256 << 10
	// mostRedirects bounds how often an issuer may lead on, within its host.
	mostRedirects = 3
	// shortestAge and longestAge bound how long a key set is taken for fresh, whatever
	// its max-age says; usualAge is for one that says nothing.
	shortestAge, usualAge, longestAge = 5 * time.Minute, time.Hour, 24 * time.Hour
)

// newClient makes the client that issuers are asked with. It keeps no cookies.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented to be one
	t.MaxResponseHeaderBytes = 64 << 10
	t.MaxIdleConns, t.MaxConnsPerHost = 4, 2
	return &http.Client{
		Transport: t, Timeout: fetchTime,
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if from := via[0].URL; to.URL.Scheme != from.Scheme || to.URL.Host != from.Host {
				return errors.New("it redirects to another host")
			}
			if len(via) > mostRedirects {
				return errors.New("it redirects too often")
			}
			return nil
		},
	}
}

// keySet is what an issuer has published.
type keySet struct {
	raw []byte
	age time.Duration // that it may be taken for fresh
}

// fetch asks an issuer where its keys are, and for them.
func fetch(ctx context.Context, client *http.Client, issuer string) (keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	raw, _, err := get(ctx, client, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return keySet{}, fmt.Errorf("fetch the discovery document: %w", err)
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		return keySet{}, errors.New("the discovery document is no JSON object with issuer and jwks_uri")
	}
	// OpenID Connect Discovery 1.0, section 4.3: else one issuer could speak for another.
	if document.Issuer != issuer {
		return keySet{}, fmt.Errorf("the discovery document is of the issuer %.200q", document.Issuer)
	}
	u, err := url.Parse(document.Keys)
	if err != nil || u.Host == "" || u.User != nil || !Trusted(u) || u.Scheme == "http" && strings.HasPrefix(issuer, "https:") {
		return keySet{}, errors.New("the discovery document's jwks_uri is no https URL")
	}
	raw, header, err := get(ctx, client, u.String())
	if err != nil {
		return keySet{}, fmt.Errorf("fetch the key set: %w", err)
	}
	return keySet{raw, age(header)}, nil
}

// get reads one JSON document.
func get(ctx context.Context, client *http.Client, address string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	req.Header.Set("User-Agent", "holdfast")
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("ask for it: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("it answers %d", resp.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil && kind == "text/html" {
		return nil, nil, errors.New("it answers with a page for people")
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostDocument+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read it: %w", err)
	}
	if len(body) > mostDocument {
		return nil, nil, fmt.Errorf("it is longer than %d bytes", mostDocument)
	}
	return body, resp.Header, nil
}

// age is how long an answer may be taken for fresh: its max-age less the Age that caches
// have seen (RFC 9111 section 4.2), within our bounds.
func age(header http.Header) time.Duration {
	fresh := usualAge
	for directive := range strings.SplitSeq(header.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return shortestAge
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				fresh = time.Duration(seconds) * time.Second
			}
		}
	}
	if seconds, err := strconv.ParseUint(header.Get("Age"), 10, 31); err == nil {
		fresh -= time.Duration(seconds) * time.Second
	}
	return min(max(fresh, shortestAge), longestAge)
}
