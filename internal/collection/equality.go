package collection

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A rule says how a place in an item counts. Rules form a tree along the paths.
type rule struct {
	secret, reference, identity, set, refresh, volatile bool

	fields map[string]*rule
	each   *rule // of an array's elements
}

func compile(c Collection) *rule {
	root := &rule{}
	for _, class := range []struct {
		paths Paths
		mark  func(*rule)
	}{
		{c.Secret, func(r *rule) { r.secret = true }},
		{c.Reference, func(r *rule) { r.reference, r.identity = true, true }},
		{c.Identity, func(r *rule) { r.identity = true }},
		{c.Set, func(r *rule) { r.set = true }},
		{c.Refresh, func(r *rule) { r.refresh = true }},
		{c.Volatile, func(r *rule) { r.volatile = true }},
	} {
		for _, path := range class.paths {
			class.mark(root.at(strings.Split(path, ".")))
		}
	}
	return root
}

// at is the rule of a path, made when it is not there yet.
func (r *rule) at(path []string) *rule {
	for _, part := range path {
		next := r.field(part)
		if part == "*" {
			next = r.each
		}
		if next == nil {
			next = &rule{}
			if part == "*" {
				r.each = next
			} else {
				if r.fields == nil {
					r.fields = map[string]*rule{}
				}
				r.fields[part] = next
			}
		}
		r = next
	}
	return r
}

func (r *rule) field(name string) *rule {
	if r == nil {
		return nil
	}
	return r.fields[name]
}

// referenceFields are what is kept of an object that is stored as a reference:
// enough to name it and to find it, nothing that moves by itself.
var referenceFields = []string{"id", "node_id", "name", "full_name", "private", "fork"}

// reduce removes secrets and replaces referenced objects, in place. It tells
// whether anything was there to change.
func (r *rule) reduce(v any) bool {
	if r == nil {
		return false
	}
	changed := false
	switch v := v.(type) {
	case map[string]any:
		for name, sub := range r.fields {
			value, ok := v[name]
			switch {
			case !ok:
			case sub.secret:
				delete(v, name)
				changed = true
			case sub.reference:
				if whole, ok := value.(map[string]any); ok {
					v[name] = referenceTo(whole)
					changed = true
				}
			default:
				changed = sub.reduce(value) || changed
			}
		}
	case []any:
		for _, element := range v {
			changed = r.each.reduce(element) || changed
		}
	}
	return changed
}

func referenceTo(whole map[string]any) map[string]any {
	ref := make(map[string]any, len(referenceFields))
	for _, name := range referenceFields {
		if value, ok := whole[name]; ok {
			ref[name] = value
		}
	}
	return ref
}

// hashes are the hash by which items count as the same, and the hash of what is stored.
func (r *rule) hashes(v any) (equality, stored [32]byte) {
	var buf bytes.Buffer
	r.canonical(&buf, v, true)
	equality = sha256.Sum256(buf.Bytes())
	buf.Reset()
	r.canonical(&buf, v, false)
	return equality, sha256.Sum256(buf.Bytes())
}

// canonical writes v with sorted keys and without the places that the rules leave
// out: for equality all that do not count, else only the volatile ones.
func (r *rule) canonical(buf *bytes.Buffer, v any, equality bool) {
	switch v := v.(type) {
	case map[string]any:
		if r != nil && r.identity && equality {
			if id, ok := v["id"]; ok {
				r.canonical(buf, id, equality)
				return
			}
		}
		r.canonicalObject(buf, v, equality)
	case []any:
		r.canonicalArray(buf, v, equality)
	case string:
		buf.Write(strconv.AppendQuote(buf.AvailableBuffer(), v))
	case json.Number:
		buf.WriteString(canonicalNumber(string(v)))
	case bool:
		buf.Write(strconv.AppendBool(buf.AvailableBuffer(), v))
	case nil:
		buf.WriteString("null")
	}
}

func (r *rule) canonicalObject(buf *bytes.Buffer, v map[string]any, equality bool) {
	names := make([]string, 0, len(v))
	for name := range v {
		sub := r.field(name)
		if sub != nil && (sub.volatile || sub.refresh && equality) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	buf.WriteByte('{')
	for _, name := range names {
		buf.Write(strconv.AppendQuote(buf.AvailableBuffer(), name))
		buf.WriteByte(':')
		r.field(name).canonical(buf, v[name], equality)
		buf.WriteByte(',')
	}
	buf.WriteByte('}')
}

func (r *rule) canonicalArray(buf *bytes.Buffer, v []any, equality bool) {
	var each *rule
	if r != nil {
		each = r.each
	}
	buf.WriteByte('[')
	if r == nil || !r.set {
		for _, element := range v {
			each.canonical(buf, element, equality)
			buf.WriteByte(',')
		}
		buf.WriteByte(']')
		return
	}
	elements := make([]string, len(v))
	var one bytes.Buffer
	for i, element := range v {
		one.Reset()
		each.canonical(&one, element, equality)
		elements[i] = one.String()
	}
	slices.Sort(elements)
	buf.WriteString(strings.Join(elements, ","))
	buf.WriteByte(']')
}

// canonicalNumber writes a number so that jsonb's rendering of it reads the same:
// whole numbers as they are, others as the nearest double (RFC 8785, section 3.2.2.3).
func canonicalNumber(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		if s == "-0" {
			return "0"
		}
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if f == float64(int64(f)) {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
