package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// unkeepable is what is told of a text that is not keepable.
const unkeepable = "has a zero byte or is not UTF-8"

// keepable tells whether a text can be kept: Postgres takes neither a zero byte nor what is
// not UTF-8 (its manual, section 8.3), and nothing that has a name here has either.
func keepable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// strictQuery refuses a query string that cannot be read, and a parameter that is
// empty or given twice: net/url drops the parts that it cannot read, an empty value
// counts as none, and of two the second is ignored. Each way a filter would be lost
// without a word, and everything be listed. It refuses what is not keepable.
func strictQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			invalid(r.Context(), Field{Location: "query", Message: "cannot be read: " + err.Error()}).write(w)
			return
		}
		var fields []Field
		for _, name := range slices.Sorted(maps.Keys(values)) {
			switch given := values[name]; {
			case len(given) > 1 && (r.URL.Path != "/v1/stream" || name != "topic"):
				fields = append(fields, Field{Location: "query." + name, Message: fmt.Sprintf("is given %d times, and may be once", len(given))})
			case !keepable(name) || !keepable(given[0]):
				fields = append(fields, Field{Location: "query." + strings.ToValidUTF8(name, "\uFFFD"), Message: unkeepable})
			case given[0] == "":
				fields = append(fields, Field{Location: "query." + name, Message: "is empty: give it a value, or leave it out"})
			}
		}
		if len(fields) > 0 {
			invalid(r.Context(), fields...).write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}
