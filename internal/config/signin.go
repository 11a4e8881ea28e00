package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/holdfast/holdfast/internal/oidc"
)

// signInPath is where the API has people come back to from GitHub's page.
const signInPath = "/v1/sign-in/github/callback"

// SignIn says how people sign in with GitHub: as users of an OAuth application.
type SignIn struct {
	OAuthClientID     string `env:"HOLDFAST_SIGN_IN_CLIENT_ID"`
	OAuthClientSecret string `env:"HOLDFAST_SIGN_IN_CLIENT_SECRET"`
	// OAuthURL is GitHub's own, for browsers.
	OAuthURL string `env:"HOLDFAST_SIGN_IN_GITHUB_URL" envDefault:"https://github.com"`
	// OAuthCallback is the URL of this API's callback, as browsers reach it.
	OAuthCallback string `env:"HOLDFAST_SIGN_IN_CALLBACK"`
}

// SignsIn tells whether people sign in with GitHub.
func (c SignIn) SignsIn() bool { return c.OAuthClientID != "" }

func (c SignIn) validateSignIn() error {
	all := []struct{ name, value string }{
		{"HOLDFAST_SIGN_IN_CLIENT_ID", c.OAuthClientID},
		{"HOLDFAST_SIGN_IN_CLIENT_SECRET", c.OAuthClientSecret},
		{"HOLDFAST_SIGN_IN_CALLBACK", c.OAuthCallback},
	}
	var set, missing []string
	for _, s := range all {
		if s.value == "" {
			missing = append(missing, s.name)
		} else {
			set = append(set, s.name)
		}
	}
	switch {
	case len(set) == 0:
		return nil
	case len(missing) > 0:
		return fmt.Errorf("%s is set, and %s is not: sign-in with GitHub needs all of them", set[0], missing[0])
	}
	if err := secureURL("HOLDFAST_SIGN_IN_GITHUB_URL", c.OAuthURL); err != nil {
		return err
	}
	if err := secureURL("HOLDFAST_SIGN_IN_CALLBACK", c.OAuthCallback); err != nil {
		return err
	}
	if !strings.HasSuffix(c.OAuthCallback, signInPath) {
		return errors.New("HOLDFAST_SIGN_IN_CALLBACK: must end with " + signInPath)
	}
	return nil
}

// secureURL refuses what would be sent over a network in the clear.
func secureURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !oidc.Trusted(u) {
		return fmt.Errorf("%s: is no URL that begins with https://, or with http:// and is on this machine", name)
	}
	return nil
}
