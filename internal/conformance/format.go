package conformance

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// formats are those of GitHub's description that say something about a string.
var formats = map[string]openapi3.StringFormatValidator{
	"date-time": openapi3.NewCallbackValidator(isDateTime),
	"uri":       openapi3.NewCallbackValidator(isURI),
	// A template (RFC 6570) is a URI with expressions in braces.
	"uri-template": openapi3.NewCallbackValidator(func(s string) error {
		return isURI(parameter.ReplaceAllString(s, ""))
	}),
	"email": openapi3.NewCallbackValidator(isEmail),
}

func isDateTime(s string) error {
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return errors.New("it is no time of RFC 3339")
	}
	return nil
}

// isURI holds a URI to RFC 3986, which allows less than net/url does.
func isURI(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return errors.New("it is no absolute URI")
	}
	for _, r := range s {
		if r > '~' || r <= ' ' || strings.ContainsRune("\"<>\\^`{|}", r) {
			return fmt.Errorf("a URI (RFC 3986) has no %q in it", r)
		}
	}
	return nil
}

func isEmail(s string) error {
	if address, err := mail.ParseAddress(s); err != nil || address.Address != s {
		return errors.New("it is no address of RFC 5322")
	}
	return nil
}
