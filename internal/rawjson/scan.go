package rawjson

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxExponent bounds the numbers that are handed to jsonb, whose numeric type
// ends at 131,072 digits before the point (PostgreSQL manual, 8.1.2).
const maxExponent = 1000

// Elements splits an array into its elements, which share its bytes. It is an
// error if raw is anything else.
func Elements(raw []byte) ([]json.RawMessage, error) {
	var d Document
	d.flat = true
	if err := d.Parse(raw); err != nil {
		return nil, err
	}
	if d.Kind(d.Root()) != Array {
		return nil, d.wrong("the document is no array")
	}
	elements := []json.RawMessage{}
	for v := range d.Children(d.Root()) {
		val := &d.values[v]
		elements = append(elements, raw[val.start:val.end:val.end])
	}
	return elements, nil
}

// Members are the members of a JSON object, of one name the last, as ranges of raw.
func Members(raw []byte) (map[string]json.RawMessage, error) {
	var d Document
	d.flat = true
	if err := d.Parse(raw); err != nil {
		return nil, err
	}
	if d.Kind(d.Root()) != Object {
		return nil, d.wrong("the document is no object")
	}
	members := map[string]json.RawMessage{}
	for v := range d.Children(d.Root()) {
		val := &d.values[v]
		members[string(d.Name(v))] = raw[val.start:val.end:val.end]
	}
	return members, nil
}

func (d *Document) wrong(what string) error {
	return fmt.Errorf("%s at byte %d", what, d.at)
}

// here is the scanner's place.
func (d *Document) here() int32 { return int32(d.at) } //nolint:gosec // Parse bounds the document

func (d *Document) peek() byte {
	if d.at < len(d.raw) {
		return d.raw[d.at]
	}
	return 0
}

func (d *Document) space() {
	for d.at < len(d.raw) {
		switch d.raw[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// value reads the value that begins here.
func (d *Document) value() (Value, error) {
	v := Value(len(d.values)) //nolint:gosec // fewer values than bytes, which Parse bounds
	d.values = append(d.values, value{start: d.here(), child: None, next: None})
	var err error
	kind := Null
	switch c := d.peek(); {
	case c == '{':
		kind, err = Object, d.container(v, '}', d.member)
		if err == nil && !d.flat {
			d.sortMembers(v)
		}
	case c == '[':
		kind, err = Array, d.container(v, ']', d.value)
	case c == '"':
		kind = String
		d.values[v].text, err = d.scanString()
	case c == '-' || isDigit(c):
		kind = Number
		d.values[v].text, err = d.scanNumber()
	case c == 'n':
		err = d.literal("null")
	case c == 't':
		kind, err = True, d.literal("true")
	case c == 'f':
		kind, err = False, d.literal("false")
	default:
		err = d.wrong("a value is missing")
	}
	if d.flat && d.depth > 0 {
		d.values = d.values[:v+1]
	}
	d.values[v].kind, d.values[v].end = kind, d.here()
	return v, err
}

// container reads what stands between brackets.
func (d *Document) container(v Value, closing byte, read func() (Value, error)) error {
	if d.depth++; d.depth > maxDepth {
		return d.wrong("the nesting is too deep")
	}
	d.at++
	d.space()
	last := None
	for d.peek() != closing {
		if last != None {
			if d.peek() != ',' {
				return d.wrong("a comma or a bracket is missing")
			}
			d.at++
			d.space()
		}
		c, err := read()
		if err != nil {
			return err
		}
		if last == None {
			d.values[v].child = c
		} else {
			d.values[last].next = c
		}
		last = c
		d.space()
	}
	d.at++
	d.depth--
	return nil
}

func (d *Document) member() (Value, error) {
	if d.peek() != '"' {
		return None, d.wrong("a name is missing")
	}
	start := d.here()
	kind, err := d.scanString()
	if err != nil {
		return None, err
	}
	end := d.here()
	d.space()
	if d.peek() != ':' {
		return None, d.wrong("a colon is missing")
	}
	d.at++
	d.space()
	v, err := d.value()
	d.values[v].nameStart, d.values[v].nameEnd, d.values[v].nameText = start, end, kind
	return v, err
}

func (d *Document) literal(want string) error {
	if len(d.raw)-d.at < len(want) || string(d.raw[d.at:d.at+len(want)]) != want {
		return d.wrong("no JSON value")
	}
	d.at += len(want)
	return nil
}

// scanString reads a string and tells what it holds.
func (d *Document) scanString() (text, error) {
	d.at++
	start, ascii := d.at, true
	var t text
	for d.at < len(d.raw) {
		switch c := d.raw[d.at]; {
		case c == '"':
			if !ascii && !utf8.Valid(d.raw[start:d.at]) {
				t |= respelled | unstorable
			}
			d.flags |= t
			d.at++
			return t, nil
		case c == '\\':
			e, err := d.scanEscape()
			if err != nil {
				return t, err
			}
			t |= e
		case c < ' ':
			return t, d.wrong("a string holds a control character")
		default:
			ascii = ascii && c < utf8.RuneSelf
			d.at++
		}
	}
	return t, d.wrong("a string is not closed")
}

func (d *Document) scanEscape() (text, error) {
	b := d.raw[d.at:]
	if len(b) < 2 {
		return 0, d.wrong("an escape sequence is cut off")
	}
	switch b[1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		d.at += 2
		return escaped, nil
	case '/':
		d.at += 2
		return escaped | respelled, nil
	case 'u':
		unit, ok := codeUnit(b)
		if !ok {
			return 0, d.wrong("an escape sequence is not four hexadecimal digits")
		}
		d.at += 6
		return escaped | respelled | d.surrogate(unit), nil
	}
	return 0, d.wrong("no escape sequence")
}

// surrogate reads the second half of a pair, and tells whether jsonb can hold the
// code unit.
func (d *Document) surrogate(unit uint16) text {
	switch {
	case unit == 0 || unit >= 0xDC00 && unit <= 0xDFFF:
		return unstorable
	case unit < 0xD800 || unit > 0xDBFF:
		return 0
	}
	if low, ok := codeUnit(d.raw[d.at:]); ok && low >= 0xDC00 && low <= 0xDFFF {
		d.at += 6
		return 0
	}
	return unstorable
}

func codeUnit(b []byte) (uint16, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return 0, false
		}
	}
	unit, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return uint16(unit), err == nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (d *Document) scanNumber() (text, error) {
	if d.peek() == '-' {
		d.at++
	}
	switch {
	case d.peek() == '0':
		d.at++
	case d.digits() == 0:
		return 0, d.wrong("a number has no digits")
	}
	if d.peek() == '.' {
		d.at++
		if d.digits() == 0 {
			return 0, d.wrong("a number has no digits after its point")
		}
	}
	if c := d.peek(); c != 'e' && c != 'E' {
		return 0, nil
	}
	d.at++
	if c := d.peek(); c == '+' || c == '-' {
		d.at++
	}
	start := d.at
	if d.digits() == 0 {
		return 0, d.wrong("a number has no digits in its exponent")
	}
	// One that strconv cannot hold comes back as the largest that it can.
	if n, _ := strconv.ParseUint(string(d.raw[start:d.at]), 10, 64); n > maxExponent {
		d.flags |= unstorable
		return unstorable, nil
	}
	return 0, nil
}

func (d *Document) digits() int {
	start := d.at
	for isDigit(d.peek()) {
		d.at++
	}
	return d.at - start
}
