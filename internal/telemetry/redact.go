package telemetry

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	redacted = "[redacted]"
	// leastSecret is the length from which a secret is looked for, in bytes: a
	// shorter one would be found in words that it has nothing to do with.
	leastSecret = 6
	// leastLine is the same for one line of a secret of many, such as a PEM key.
	leastLine = 20
)

// Redactor replaces secrets in what leaves the process.
type Redactor struct {
	secrets  []string // longest first: one may be a part of another
	shortest int
}

// NewRedactor knows these secrets, each also as it looks in a URL and in quotes. Of
// a secret of several lines each is one. Those of fewer than 6 bytes are not
// looked for.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
		r.add(secret)
		lines := strings.FieldsFunc(strings.ReplaceAll(secret, `\n`, "\n"), func(c rune) bool { return c == '\n' || c == '\r' })
		for _, line := range lines {
			if len(lines) > 1 && len(line) >= leastLine && !strings.HasPrefix(line, "-----") {
				r.add(line)
			}
		}
	}
	slices.SortFunc(r.secrets, func(a, b string) int { return len(b) - len(a) })
	if len(r.secrets) > 0 {
		r.shortest = len(r.secrets[len(r.secrets)-1])
	}
	return r
}

func (r *Redactor) add(secret string) {
	if len(secret) < leastSecret {
		return
	}
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret),
		strings.TrimPrefix(url.UserPassword("", secret).String(), ":"),
	}
	// JSON escapes <, > and & as well, unless it is told not to.
	inJSON, _ := json.Marshal(secret) //nolint:errchkjson // a string
	for _, quoted := range []string{strconv.Quote(secret), strconv.QuoteToASCII(secret), string(inJSON)} {
		forms = append(forms, quoted[1:len(quoted)-1])
	}
	for _, form := range forms {
		if !slices.Contains(r.secrets, form) {
			r.secrets = append(r.secrets, form)
		}
	}
}

// String is s with every secret replaced by "[redacted]".
func (r *Redactor) String(s string) string {
	if len(r.secrets) == 0 || len(s) < r.shortest {
		return s
	}
	for _, secret := range r.secrets {
		if strings.Contains(s, secret) {
			s = strings.ReplaceAll(s, secret, redacted)
		}
	}
	return s
}
