package githubsim

import (
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// stamp is a time in seconds since 1970, the precision of GitHub's times; 0 is none.
type stamp uint32

func stampOf(t time.Time) stamp {
	if t.IsZero() || t.Unix() <= 0 {
		return 0
	}
	return stamp(t.Unix())
}

func (s stamp) time() time.Time { return time.Unix(int64(s), 0).UTC() }

// hash is the name of a git object; the zero hash is none.
type hash [20]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

// encoder appends JSON to a buffer. Keys and punctuation are written as they
// stand with raw; every other method writes one whole JSON value.
type encoder struct {
	b       []byte
	scratch []byte // composed texts, before they are escaped
}

func (e *encoder) raw(s string) *encoder {
	e.b = append(e.b, s...)
	return e
}

func (e *encoder) json(b []byte) *encoder {
	e.b = append(e.b, b...)
	return e
}

func (e *encoder) num(n int64) *encoder {
	e.b = strconv.AppendInt(e.b, n, 10)
	return e
}

func (e *encoder) flag(v bool) *encoder {
	e.b = strconv.AppendBool(e.b, v)
	return e
}

// hex writes h without quotes, for use inside of a string.
func (e *encoder) hex(h hash) *encoder {
	e.b = hex.AppendEncode(e.b, h[:])
	return e
}

func (e *encoder) sha(h hash) *encoder {
	if h == (hash{}) {
		return e.raw("null")
	}
	return e.raw(`"`).hex(h).raw(`"`)
}

func (e *encoder) time(s stamp) *encoder {
	if s == 0 {
		return e.raw("null")
	}
	e.b = append(e.b, '"')
	e.b = s.time().AppendFormat(e.b, time.RFC3339)
	e.b = append(e.b, '"')
	return e
}

func (e *encoder) str(s string) *encoder {
	e.b = append(e.b, '"')
	e.b = appendEscaped(e.b, s)
	e.b = append(e.b, '"')
	return e
}

// strOrNull writes null for the empty string.
func (e *encoder) strOrNull(s string) *encoder {
	if s == "" {
		return e.raw("null")
	}
	return e.str(s)
}

const hexDigits = "0123456789abcdef"

// appendEscaped appends s as the inside of a JSON string. Bytes that encode a
// lone surrogate (as WTF-8 does) become \udXXX, so that such strings, which
// GitHub does serve, pass through; other invalid bytes become U+FFFD.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if _, size := decodeRune(s[i:]); size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		var size int
		dst, size = appendEscape(dst, s[i:])
		i += size
		start = i
	}
	return append(dst, s[start:]...)
}

func decodeRune[T string | []byte](s T) (rune, int) {
	n := min(len(s), utf8.UTFMax)
	var buf [utf8.UTFMax]byte
	copy(buf[:], s[:n])
	return utf8.DecodeRune(buf[:n])
}

// appendEscape appends the escape of the first character of s, and tells how
// many bytes of s that was.
func appendEscape[T string | []byte](dst []byte, s T) ([]byte, int) {
	switch c := s[0]; {
	case c == '"' || c == '\\':
		return append(dst, '\\', c), 1
	case c == '\n':
		return append(dst, '\\', 'n'), 1
	case c == '\r':
		return append(dst, '\\', 'r'), 1
	case c == '\t':
		return append(dst, '\\', 't'), 1
	case c < ' ':
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]), 1
	case c == 0xED && len(s) >= 3 && s[1] >= 0xA0 && s[1] <= 0xBF && s[2]&0xC0 == 0x80:
		u := uint16(0xD000) | uint16(s[1]&0x3F)<<6 | uint16(s[2]&0x3F)
		return append(dst, '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15]), 3
	default:
		return append(dst, "\ufffd"...), 1
	}
}
