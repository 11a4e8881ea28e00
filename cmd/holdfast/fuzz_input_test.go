package main

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// inputs makes requests for what a document describes: mostly such as it allows, and now
// and then one that nobody expects. The same seed makes the same ones again.
type inputs struct{ *rand.Rand }

func newInputs(seed uint64, route string) inputs {
	var salt uint64
	for _, b := range []byte(route) {
		salt = salt*31 + uint64(b)
	}
	return inputs{rand.New(rand.NewPCG(seed, salt))}
}

// oneIn is true once in n times.
func (in inputs) oneIn(n int) bool { return in.IntN(n) == 0 }

func pick[T any](in inputs, of ...T) T { return of[in.IntN(len(of))] }

// wild are texts that break what was not written with them in mind.
func (in inputs) wild() string {
	return pick(in,
		"\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "ключ", "💥", "\u202e", "a b", " ", "\t", "'", `"`, `\`, "%", "%00", "%zz", "a%2Fb",
		"../../etc/passwd", "..", ".", "a/b", "a/b/c", "*", "[", "[a-", "\\", "null", "true", "0", "-1", "1e999", "NaN", "9223372036854775808",
		"$(id)", "{{7*7}}", "<script>", "'; drop table operations; --", "\r\nX-Injected: 1", strings.Repeat("a", 300), strings.Repeat("é", 500),
		"2026-13-45T99:99:99Z", "0000-00-00", "-infinity", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+23:59", "00000000-0000-0000-0000-000000000000",
		"eyJhIjoxfQ", "AAAA", "hf_", "W/\"x\"", "*/*",
	)
}

// text is a text as the schema wants it, as far as that can be told.
func (in inputs) text(s *openapi3.Schema) string {
	if len(s.Examples) > 0 && in.oneIn(2) {
		if example, is := pick(in, s.Examples...).(string); is {
			return example
		}
	}
	if example, is := s.Example.(string); is && in.oneIn(2) {
		return example
	}
	if in.oneIn(8) {
		return in.wild()
	}
	switch s.Format {
	case "uuid":
		return pick(in, "01a20574-e617-7cd9-a905-81f3ad497fc0", "00000000-0000-7000-8000-000000000001", strings.ToUpper("01a20574-e617-7cd9-a905-81f3ad497fc0"))
	case "date-time":
		return time.Unix(in.Int64N(4e9), in.Int64N(1e9)).UTC().Format(time.RFC3339Nano)
	case "uri", "uri-reference":
		return pick(in, "https://api.github.com/", "http://127.0.0.1:1/", "ftp://x", "//x", "javascript:1")
	case "byte":
		return pick(in, "AAAA", "eyJhIjoxfQ==", "=")
	}
	length := 1 + in.IntN(20)
	if s.MinLength > 0 && in.oneIn(3) {
		length = int(min(s.MinLength, 1000))
	}
	if s.MaxLength != nil && in.oneIn(4) {
		length = int(min(*s.MaxLength, 10000)) + in.IntN(2)
	}
	letters := pick(in, "abcxyz", "abcxyz019-", "abcxyzABC019-_./*")
	var text strings.Builder
	for range length {
		text.WriteByte(letters[in.IntN(len(letters))])
	}
	return text.String()
}

// value is a value for the schema.
func (in inputs) value(ref *openapi3.SchemaRef, depth int) any {
	if ref == nil || ref.Value == nil || depth > 6 {
		return nil
	}
	s := ref.Value
	if in.oneIn(40) {
		return in.other()
	}
	if len(s.Enum) > 0 && !in.oneIn(10) {
		return pick(in, s.Enum...)
	}
	if choices := slices.Concat(s.OneOf, s.AnyOf); len(choices) > 0 {
		return in.value(pick(in, choices...), depth+1)
	}
	switch {
	case s.Type.Includes("object"):
		return in.object(s, depth)
	case s.Type.Includes("array"):
		return in.array(s, depth)
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		return in.number(s)
	case s.Type.Includes("boolean"):
		return in.oneIn(2)
	case s.Type.Includes("string"):
		return in.text(s)
	}
	return in.other()
}

func (in inputs) object(s *openapi3.Schema, depth int) map[string]any {
	object := map[string]any{}
	for name, property := range s.Properties {
		switch required := slices.Contains(s.Required, name); {
		case required && in.oneIn(20), !required && !in.oneIn(3):
		default:
			object[name] = in.value(property, depth+1)
		}
	}
	if extra := s.AdditionalProperties.Schema; extra != nil {
		object[in.wild()] = in.value(extra, depth+1)
	}
	if in.oneIn(15) {
		object[in.wild()] = in.other()
	}
	return object
}

func (in inputs) array(s *openapi3.Schema, depth int) []any {
	list := make([]any, in.IntN(4))
	if s.MaxItems != nil && in.oneIn(10) {
		list = make([]any, min(*s.MaxItems, 1000)+1)
	}
	for i := range list {
		list[i] = in.value(s.Items, depth+1)
	}
	return list
}

func (in inputs) number(s *openapi3.Schema) any {
	choices := []any{int64(0), int64(1), in.Int64N(1000), -in.Int64N(1000), int64(1) << 53, json.Number("1e400"), json.Number("9223372036854775808"), 0.5}
	if s.Min != nil {
		choices = append(choices, *s.Min, *s.Min-1)
	}
	if s.Max != nil {
		choices = append(choices, *s.Max, *s.Max+1)
	}
	return pick(in, choices...)
}

// other is a value of whatever type.
func (in inputs) other() any {
	return pick[any](in, nil, true, -1, 1.5, "", in.wild(), []any{}, []any{nil}, map[string]any{}, map[string]any{"a": []any{1, "b"}})
}

// body is a body for the schema, sometimes damaged on its way.
func (in inputs) body(ref *openapi3.SchemaRef) []byte {
	body, err := json.Marshal(in.value(ref, 0))
	if err != nil {
		body = []byte(`{"unmarshallable":1}`)
	}
	if !in.oneIn(12) || len(body) == 0 {
		return body
	}
	at := in.IntN(len(body))
	switch in.IntN(5) {
	case 0:
		return body[:at]
	case 1:
		body[at] = byte(in.IntN(256))
		return body
	case 2:
		return append(body, body...)
	case 3:
		return []byte(strings.Repeat(`{"a":`, 3000))
	}
	return slices.Concat(body[:at], []byte(in.wild()), body[at:])
}

// query is a query string for the parameters.
func (in inputs) query(parameters openapi3.Parameters) string {
	var parts []string
	for _, p := range parameters {
		if p.Value.In != "query" || (!p.Value.Required && in.oneIn(2)) {
			continue
		}
		value := in.plain(p.Value.Schema)
		if p.Value.Name == "wait" && len(value) > 1 {
			value = "1" // it would be waited for
		}
		part := url.QueryEscape(p.Value.Name) + "=" + url.QueryEscape(value)
		parts = append(parts, part)
		if in.oneIn(30) {
			parts = append(parts, part)
		}
	}
	if in.oneIn(20) {
		parts = append(parts, pick(in, "a=%zz", "%00=1", "limit", "unknown=1", ";", "&&&", "a[]=1"))
	}
	return strings.Join(parts, "&")
}

// plain is a value as it stands in a URL or a header.
func (in inputs) plain(schema *openapi3.SchemaRef) string {
	switch value := in.value(schema, 0).(type) {
	case string:
		return value
	case []any:
		if len(value) == 0 {
			return in.wild()
		}
		text, err := json.Marshal(value[0])
		if err != nil {
			return in.wild()
		}
		return strings.Trim(string(text), `"`)
	default:
		text, err := json.Marshal(value)
		if err != nil {
			return in.wild()
		}
		return string(text)
	}
}
