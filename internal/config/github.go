package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast/holdfast/internal/secret"
)

// GitHub says how GitHub is asked: by the connection that the environment describes, and
// by those that are made through the API.
type GitHub struct {
	GitHubToken    string  `env:"GITHUB_TOKEN"`
	GitHubURL      string  `env:"GITHUB_API_URL" envDefault:"https://api.github.com/"`
	GitHubInFlight int     `env:"HOLDFAST_GITHUB_IN_FLIGHT" envDefault:"10"`
	TimeScale      float64 `env:"HOLDFAST_GITHUB_TIME_SCALE" envDefault:"1"`
	// GitHubReserve is what is left of the token's hourly limit for other tools: 30%, or 1500.
	GitHubReserve string `env:"HOLDFAST_GITHUB_RESERVE"`
	// GitHubHosts are hosts of GitHub Enterprise Servers that connections may be made to.
	GitHubHosts []string `env:"HOLDFAST_GITHUB_HOSTS"`
	// SecretsKeyset is what connections' secrets are encrypted with.
	SecretsKeyset string `env:"HOLDFAST_SECRETS_KEYSET"`
}

func (c GitHub) validateGitHub() error {
	if err := checkURL("GITHUB_API_URL", c.GitHubURL, "http", "https"); err != nil {
		return err
	}
	if c.GitHubInFlight < 1 || c.GitHubInFlight > 100 {
		return fmt.Errorf("HOLDFAST_GITHUB_IN_FLIGHT: %d is not between 1 and 100, which is GitHub's own limit", c.GitHubInFlight)
	}
	if c.TimeScale <= 0 || c.TimeScale > 1 {
		return fmt.Errorf("HOLDFAST_GITHUB_TIME_SCALE: %v is not above 0 and at most 1", c.TimeScale)
	}
	for _, host := range c.GitHubHosts {
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host || u.Hostname() == "" {
			return fmt.Errorf("HOLDFAST_GITHUB_HOSTS: %q is no host like github.example.com", host)
		}
	}
	_, _, err := c.Reserve()
	if err != nil {
		return err
	}
	_, err = c.SealingKeys()
	return err
}

// SealingKeys is what connections' secrets are encrypted with, nil for none are kept.
func (c GitHub) SealingKeys() (*secret.Keyset, error) {
	return parseKeyset(KeysetOfSecrets, c.SecretsKeyset)
}

// Reserve reads HOLDFAST_GITHUB_RESERVE: a percentage of the hourly limit, or a number
// of requests.
func (c GitHub) Reserve() (percent float64, requests int64, err error) {
	if c.GitHubReserve == "" {
		return 0, 0, nil
	}
	if share, ok := strings.CutSuffix(c.GitHubReserve, "%"); ok {
		percent, err = strconv.ParseFloat(share, 64)
		if err == nil && percent >= 0 && percent <= 100 {
			return percent, 0, nil
		}
	} else if requests, err = strconv.ParseInt(c.GitHubReserve, 10, 64); err == nil && requests >= 0 {
		return 0, requests, nil
	}
	return 0, 0, fmt.Errorf("HOLDFAST_GITHUB_RESERVE: %q is neither a percentage like 30%% nor a number of requests", c.GitHubReserve)
}

// NormalizeGitHubURL checks the base URL of a GitHub that somebody wants to connect to,
// and gives it its usual form; empty is the environment's. A server asks nobody but
// github.com, its data residency, and what its operator names: otherwise whoever may make
// a connection could have it ask any machine that it can reach.
func (c GitHub) NormalizeGitHubURL(text string) (string, error) {
	if text == "" {
		text = c.GitHubURL
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("is no URL like https://github.example.com/api/v3/")
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	u.Host = strings.ToLower(u.Host)
	own, err := url.Parse(c.GitHubURL)
	if err != nil {
		return "", fmt.Errorf("GITHUB_API_URL: %w", err)
	}
	switch host := u.Hostname(); {
	case u.Scheme == own.Scheme && strings.EqualFold(u.Host, own.Host):
	case u.Scheme != "https":
		return "", errors.New("must begin with https://")
	case u.Host == "api.github.com", strings.HasSuffix(host, ".ghe.com") && u.Port() == "":
	case slices.ContainsFunc(c.GitHubHosts, func(allowed string) bool { return strings.EqualFold(allowed, u.Host) }):
	case net.ParseIP(host) != nil:
		return "", errors.New("must name its host; HOLDFAST_GITHUB_HOSTS says which it may be")
	default:
		return "", fmt.Errorf("names %s, which HOLDFAST_GITHUB_HOSTS does not", u.Host)
	}
	return u.String(), nil
}
