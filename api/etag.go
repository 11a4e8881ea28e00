package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// tagOf is a strong entity tag of a representation (RFC 9110 section 8.8.3).
func tagOf(body any) string {
	raw, err := json.Marshal(body)
	if err != nil {
		return "" // what is answered can be encoded
	}
	sum := sha256.Sum256(raw)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// matchesTag tells whether an If-Match names a tag (RFC 9110 section 13.1.1): weak tags
// never do.
func matchesTag(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || one == tag {
			return true
		}
	}
	return false
}
