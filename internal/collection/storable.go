package collection

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// replacement stands where jsonb cannot hold what GitHub sent.
const replacement = "\uFFFD"

// maxExponent bounds the numbers that are handed to jsonb, whose numeric type
// ends at 131,072 digits before the point (PostgreSQL manual, 8.1.2).
const maxExponent = 1000

func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON document")
	}
	return v, nil
}

func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// storable tells whether jsonb takes raw: no \u0000, no lone surrogate, valid
// UTF-8 and no number beyond numeric (PostgreSQL manual, 8.14).
func storable(raw []byte) bool {
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return false
	}
	inString := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			n, ok := escape(raw[i:])
			if !ok {
				return false
			}
			i += n - 1
		case !inString && (c == 'e' || c == 'E') && i > 0 && isDigit(raw[i-1]) && !smallExponent(raw[i+1:]):
			return false
		}
	}
	return true
}

// escape is the length of the escape sequence that b begins with, and whether
// jsonb can hold what it stands for.
func escape(b []byte) (n int, ok bool) {
	if len(b) < 2 || b[1] != 'u' {
		return 2, true
	}
	unit, ok := codeUnit(b)
	switch {
	case !ok || unit == 0 || unit >= 0xDC00 && unit <= 0xDFFF:
		return 6, false
	case unit < 0xD800 || unit > 0xDBFF:
		return 6, true
	}
	low, ok := codeUnit(b[6:])
	return 12, ok && low >= 0xDC00 && low <= 0xDFFF
}

func codeUnit(b []byte) (uint64, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return unit, err == nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func smallExponent(b []byte) bool {
	b = bytes.TrimLeft(b, "+-")
	end := bytes.IndexFunc(b, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		b = b[:end]
	}
	n, err := strconv.Atoi(string(b))
	return err == nil && n <= maxExponent
}

// sanitize replaces, in a copy of v, what jsonb cannot hold. Lone surrogates and
// invalid UTF-8 were replaced when v was decoded.
func sanitize(v any) any {
	switch v := v.(type) {
	case map[string]any:
		clean := make(map[string]any, len(v))
		for name, value := range v {
			clean[sanitizeText(name)] = sanitize(value)
		}
		return clean
	case []any:
		clean := make([]any, len(v))
		for i, value := range v {
			clean[i] = sanitize(value)
		}
		return clean
	case string:
		return sanitizeText(v)
	case json.Number:
		if _, exponent, found := strings.Cut(strings.ToLower(string(v)), "e"); found && !smallExponent([]byte(exponent)) {
			return nil
		}
		return v
	default:
		return v
	}
}

func sanitizeText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, replacement), "\x00", replacement)
}
