// Package rawjson reads JSON without decoding it: the values of a Document are
// ranges of the bytes that it was parsed from, so that what GitHub sent is compared
// and stored without a tree of maps for each item. It accepts what encoding/json
// accepts (RFC 8259), and reads strings and repeated names as that does.
package rawjson

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// Kind is what a value is.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota + 1
	False
	True
	Number
	String
	Array
	Object
)

// Value is one value of a Document, None where there is none.
type Value int32

// None is no value.
const None Value = -1

// maxDepth bounds the nesting, as encoding/json does.
const maxDepth = 10_000

// Document is parsed JSON. One Document may be parsed into again and again; it is
// not safe for concurrent use, and what it returns is valid until the next Parse.
type Document struct {
	raw    []byte
	at     int // of the scanner
	depth  int
	values []value
	sorted []Value // scratch
	flags  text    // of all strings and numbers together

	flat bool // keep the outermost array's elements, not what they hold
}

type value struct {
	start, end         int32 // of the value in raw, quotes included
	nameStart, nameEnd int32 // of a member's name, quotes included
	child, next        Value // an object's members are sorted by name
	kind               Kind
	text, nameText     text
}

// text tells what a string holds, from which follows how it may be used.
type text uint8

const (
	escaped    text = 1 << iota // a backslash
	respelled                   // the shortest spelling is another one
	unstorable                  // what PostgreSQL's jsonb cannot hold
)

// Parse reads a whole document. It keeps raw, which must not change while the
// document is used.
func (d *Document) Parse(raw []byte) error {
	d.raw, d.at, d.depth, d.flags, d.values = raw, 0, 0, 0, d.values[:0]
	if len(raw) > 1<<30 {
		return fmt.Errorf("a JSON document of %d bytes is too large", len(raw))
	}
	d.space()
	if _, err := d.value(); err != nil {
		return err
	}
	d.space()
	if d.at < len(raw) {
		return d.wrong("something follows the JSON document")
	}
	return nil
}

// Root is the document itself.
func (d *Document) Root() Value { return 0 }

// Storable tells whether PostgreSQL's jsonb takes the document as it is: it holds
// no \u0000, no lone surrogate, no invalid UTF-8 and no number beyond numeric
// (PostgreSQL manual, 8.14).
func (d *Document) Storable() bool { return d.flags&unstorable == 0 }

// Kind is what v is.
func (d *Document) Kind(v Value) Kind { return d.values[v].kind }

// Children lists the elements of an array in their order, and the members of an
// object in the order of their names, of repeated ones the last.
func (d *Document) Children(v Value) func(yield func(Value) bool) {
	return func(yield func(Value) bool) {
		for c := d.values[v].child; c != None; c = d.values[c].next {
			if !yield(c) {
				return
			}
		}
	}
}

// Member is an object's member of that name; None where there is none.
func (d *Document) Member(v Value, name string) Value {
	if d.values[v].kind != Object {
		return None
	}
	for c := range d.Children(v) {
		if string(d.Name(c)) == name {
			return c
		}
	}
	return None
}

// Remove takes a member out of its object.
func (d *Document) Remove(object, member Value) {
	link := &d.values[object].child
	for *link != None {
		if *link == member {
			*link = d.values[member].next
			return
		}
		link = &d.values[*link].next
	}
}

// SetNull makes a value null.
func (d *Document) SetNull(v Value) {
	start := int32(len(d.raw)) //nolint:gosec // Parse bounds the document
	d.raw = append(slices.Clip(d.raw), "null"...)
	val := &d.values[v]
	val.kind, val.start, val.end, val.child, val.text = Null, start, start+4, None, 0
}

// Name is the name of a member.
func (d *Document) Name(v Value) []byte {
	val := &d.values[v]
	inner := d.raw[val.nameStart+1 : val.nameEnd-1]
	if val.nameText&(escaped|respelled) == 0 {
		return inner
	}
	return unquote(inner)
}

// Text is what a string holds, and a number's text; nil for anything else.
func (d *Document) Text(v Value) []byte {
	val := &d.values[v]
	switch {
	case val.kind == Number:
		return d.raw[val.start:val.end]
	case val.kind != String:
		return nil
	case val.text&(escaped|respelled) == 0:
		return d.raw[val.start+1 : val.end-1]
	}
	return unquote(d.raw[val.start+1 : val.end-1])
}

// AppendScalar appends a value that is neither array nor object in the one
// spelling that equal values share: strings with the escapes that they need,
// numbers as the nearest double unless they are whole (RFC 8785, section 3.2.2).
func (d *Document) AppendScalar(b []byte, v Value) []byte {
	val := &d.values[v]
	verbatim := d.raw[val.start:val.end]
	switch {
	case val.kind == Number:
		return appendNumber(b, verbatim)
	case val.kind == String && val.text&respelled != 0:
		return appendQuoted(b, unquote(verbatim[1:len(verbatim)-1]))
	}
	return append(b, verbatim...)
}

// AppendName appends a member's name in the one spelling that equal names share.
func (d *Document) AppendName(b []byte, v Value) []byte {
	val := &d.values[v]
	verbatim := d.raw[val.nameStart:val.nameEnd]
	if val.nameText&respelled != 0 {
		return appendQuoted(b, unquote(verbatim[1:len(verbatim)-1]))
	}
	return append(b, verbatim...)
}

// Append appends a value as JSON: what was removed is left out, everything else is
// spelled as it was.
func (d *Document) Append(b []byte, v Value) []byte {
	return d.write(b, v, false)
}

// AppendStorable appends a value as jsonb can hold it: U+FFFD stands for what is
// no text to it, and null for numbers beyond its own.
func (d *Document) AppendStorable(b []byte, v Value) []byte {
	return d.write(b, v, true)
}

func (d *Document) write(b []byte, v Value, storable bool) []byte {
	val := &d.values[v]
	opening, closing := byte('['), byte(']')
	switch val.kind {
	case Object:
		opening, closing = '{', '}'
	case Array:
	case Null, False, True, Number, String:
		return d.writeScalar(b, v, storable)
	}
	b = append(b, opening)
	for c := val.child; c != None; c = d.values[c].next {
		if c != val.child {
			b = append(b, ',')
		}
		if val.kind == Object {
			b = d.writeName(b, c, storable)
		}
		b = d.write(b, c, storable)
	}
	return append(b, closing)
}

func (d *Document) writeName(b []byte, v Value, storable bool) []byte {
	val := &d.values[v]
	verbatim := d.raw[val.nameStart:val.nameEnd]
	if storable && val.nameText&unstorable != 0 {
		b = appendQuoted(b, storableText(unquote(verbatim[1:len(verbatim)-1])))
	} else {
		b = append(b, verbatim...)
	}
	return append(b, ':')
}

func (d *Document) writeScalar(b []byte, v Value, storable bool) []byte {
	val := &d.values[v]
	verbatim := d.raw[val.start:val.end]
	switch {
	case !storable || val.text&unstorable == 0:
		return append(b, verbatim...)
	case val.kind == Number:
		return append(b, "null"...)
	}
	return appendQuoted(b, storableText(unquote(verbatim[1:len(verbatim)-1])))
}

// storableText replaces what jsonb's text cannot hold. Lone surrogates and invalid
// UTF-8 were replaced when the string was unquoted.
func storableText(s []byte) []byte {
	return bytes.ReplaceAll(s, []byte{0}, []byte("\uFFFD"))
}

func appendNumber(b, s []byte) []byte {
	if !bytes.ContainsAny(s, ".eE") {
		if string(s) == "-0" {
			return append(b, '0')
		}
		return append(b, s...)
	}
	f, err := strconv.ParseFloat(string(s), 64)
	switch {
	case err != nil:
		return append(b, s...)
	case f == float64(int64(f)):
		return strconv.AppendInt(b, int64(f), 10)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

// sortMembers links the members of an object in the order of their names and
// drops all but the last of those that share one.
func (d *Document) sortMembers(object Value) {
	d.sorted = d.sorted[:0]
	for c := d.values[object].child; c != None; c = d.values[c].next {
		d.sorted = append(d.sorted, c)
	}
	slices.SortFunc(d.sorted, func(a, b Value) int {
		if order := bytes.Compare(d.Name(a), d.Name(b)); order != 0 {
			return order
		}
		return int(a - b)
	})
	next := None
	for i := len(d.sorted) - 1; i >= 0; i-- {
		v := d.sorted[i]
		if next != None && bytes.Equal(d.Name(v), d.Name(next)) {
			continue
		}
		d.values[v].next = next
		next = v
	}
	d.values[object].child = next
}
