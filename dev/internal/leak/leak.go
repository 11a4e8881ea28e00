// Package leak looks for secrets in what a program leaves behind: as they are, and as
// the encodings that logs, traces and databases are written in make them look.
package leak

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shortest is the length of the shortest piece that is looked for: shorter ones occur by
// chance.
const shortest = 8

// Finder knows secrets by their names.
type Finder struct {
	forms map[string][]string // what each may look like
}

// New is a finder of these secrets. Of a private key in PEM each line of its body is
// looked for as well, and what it stands for. Secrets of less than 8 bytes are an error.
func New(secrets map[string]string) (*Finder, error) {
	f := &Finder{forms: map[string][]string{}}
	for name, value := range secrets {
		if len(value) < shortest {
			return nil, fmt.Errorf("the secret %s is too short to be told from chance", name)
		}
		f.add(name, value)
		block, _ := pem.Decode([]byte(value))
		if block == nil {
			continue
		}
		f.add(name, string(block.Bytes[len(block.Bytes)/2:])) // the private half of it
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); len(line) >= shortest && !strings.HasPrefix(line, "-----") {
				f.add(name, line)
			}
		}
	}
	return f, nil
}

func (f *Finder) add(name, value string) {
	forms := []string{
		value, hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value))),
		url.QueryEscape(value), url.PathEscape(value), quoted(value), trimmed(strconv.Quote(value)),
	}
	forms = append(forms, base64s(value)...)
	for _, form := range forms {
		if len(form) >= shortest && !slices.Contains(f.forms[name], form) {
			f.forms[name] = append(f.forms[name], form)
		}
	}
}

// base64s are what a value looks like in the base64 of something that contains it: its
// bytes may begin at any of three places of a group, and the characters at both ends
// depend on its neighbours.
func base64s(value string) []string {
	var all []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			padded := strings.Repeat("\x00", before) + value
			whole := padded[:len(padded)/3*3]
			first := (before*8 + 5) / 6 // characters of which the neighbour before has bits
			if text := encoding.EncodeToString([]byte(whole)); len(text) > first {
				all = append(all, text[first:])
			}
		}
	}
	return all
}

func quoted(value string) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return value // a string always can be encoded
	}
	return trimmed(string(raw))
}

func trimmed(quoted string) string { return quoted[1 : len(quoted)-1] }

// Find names the secrets that occur in a text, in any form.
func (f *Finder) Find(text []byte) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(f.forms)) {
		if slices.ContainsFunc(f.forms[name], func(form string) bool { return bytes.Contains(text, []byte(form)) }) {
			found = append(found, name)
		}
	}
	return found
}
