package conformance

import (
	"strconv"
	"strings"
)

// place is where in a document a reader is: the names and indices from the root on.
type place []string

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// String is the place as a JSON pointer (RFC 6901).
func (p place) String() string {
	var b strings.Builder
	for _, part := range p {
		b.WriteByte('/')
		_, _ = escape.WriteString(&b, part) // a builder never fails
	}
	return b.String()
}

// element is the place of the n-th element of the array at p.
func (p place) element(n int) place { return append(p, strconv.Itoa(n)) }

// member is the place of a member of the object at p.
func (p place) member(name string) place { return append(p, name) }

// anyElement is a pointer with "*" for every index.
func anyElement(pointer string) string {
	parts := strings.Split(pointer, "/")
	for i, part := range parts {
		if part != "" && strings.Trim(part, "0123456789") == "" {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}
