package collection

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/internal/rawjson"
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
			if path == whole {
				class.mark(root)
				continue
			}
			class.mark(root.at(strings.Split(path, ".")))
		}
	}
	return root
}

// at is the rule of a path, made when it is not there yet.
func (r *rule) at(path []string) *rule {
	for _, part := range path {
		next := r.fields[part]
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

func (r *rule) field(name []byte) *rule {
	if r == nil {
		return nil
	}
	return r.fields[string(name)]
}

// referenceFields are what is kept of an object that is stored as a reference:
// enough to name it and to find it, nothing that moves by itself.
var referenceFields = []string{"id", "node_id", "number", "name", "full_name", "private", "fork"}

// reduce removes secrets and replaces referenced objects in the document. It tells
// whether anything was there to change.
func (r *rule) reduce(d *rawjson.Document, v rawjson.Value) bool {
	if r == nil {
		return false
	}
	changed := false
	for c := range d.Children(v) {
		if d.Kind(v) == rawjson.Array {
			changed = r.each.reduce(d, c) || changed
			continue
		}
		switch sub := r.field(d.Name(c)); {
		case sub == nil:
		case sub.secret:
			d.Remove(v, c)
			changed = true
		case !sub.reference:
			changed = sub.reduce(d, c) || changed
		case d.Kind(c) == rawjson.Object:
			makeReference(d, c)
			changed = true
		}
	}
	return changed
}

// removeSecrets takes the secrets out of the document, also out of objects that are
// to become references.
func (r *rule) removeSecrets(d *rawjson.Document, v rawjson.Value) {
	if r == nil {
		return
	}
	for c := range d.Children(v) {
		if d.Kind(v) == rawjson.Array {
			r.each.removeSecrets(d, c)
			continue
		}
		if sub := r.field(d.Name(c)); sub != nil && sub.secret {
			d.Remove(v, c)
		} else {
			sub.removeSecrets(d, c)
		}
	}
}

func makeReference(d *rawjson.Document, whole rawjson.Value) {
	for c := range d.Children(whole) {
		if !slices.Contains(referenceFields, string(d.Name(c))) {
			d.Remove(whole, c)
		}
	}
}

// scratch is what preparing one item after another shares.
type scratch struct {
	document  rawjson.Document
	canonical writer
}

// hashes are the hash by which items count as the same, and the hash of what is stored.
func (s *scratch) hashes(r *rule) (equality, stored [32]byte) {
	w := &s.canonical
	w.document = &s.document
	w.b, w.equality = w.b[:0], true
	w.write(r, s.document.Root())
	equality = sha256.Sum256(w.b)
	w.b, w.equality = w.b[:0], false
	w.write(r, s.document.Root())
	return equality, sha256.Sum256(w.b)
}

// writer writes what is hashed: members sorted by name, without the places that
// the rules leave out: for equality all that do not count, else only the volatile ones.
type writer struct {
	document *rawjson.Document
	equality bool
	b        []byte
}

func (w *writer) write(r *rule, v rawjson.Value) {
	switch w.document.Kind(v) {
	case rawjson.Object:
		if r != nil && r.identity && w.equality {
			if id := w.document.Member(v, "id"); id != rawjson.None {
				w.write(r, id)
				return
			}
		}
		w.object(r, v)
	case rawjson.Array:
		w.array(r, v)
	case rawjson.Null, rawjson.False, rawjson.True, rawjson.Number, rawjson.String:
		w.b = w.document.AppendScalar(w.b, v)
	}
}

func (w *writer) object(r *rule, v rawjson.Value) {
	w.b = append(w.b, '{')
	for c := range w.document.Children(v) {
		var sub *rule
		if r != nil && r.fields != nil {
			sub = r.field(w.document.Name(c))
		}
		if sub != nil && (sub.volatile || sub.refresh && w.equality) {
			continue
		}
		w.b = w.document.AppendName(w.b, c)
		w.b = append(w.b, ':')
		w.write(sub, c)
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '}')
}

func (w *writer) array(r *rule, v rawjson.Value) {
	var each *rule
	if r != nil {
		each = r.each
	}
	w.b = append(w.b, '[')
	start := len(w.b)
	var ends []int
	for c := range w.document.Children(v) {
		w.write(each, c)
		w.b = append(w.b, ',')
		if r != nil && r.set {
			ends = append(ends, len(w.b))
		}
	}
	if len(ends) > 1 {
		sortParts(w.b, start, ends)
	}
	w.b = append(w.b, ']')
}

// sortParts sorts the parts of b that stand one after another, the first from
// start, by what they hold.
func sortParts(b []byte, start int, ends []int) {
	whole := slices.Clone(b[start:])
	parts := make([][]byte, len(ends))
	from := start
	for i, end := range ends {
		parts[i] = whole[from-start : end-start]
		from = end
	}
	slices.SortFunc(parts, bytes.Compare)
	b = b[:start]
	for _, part := range parts {
		b = append(b, part...)
	}
}
