package collection

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/internal/rawjson"
)

// Numbered tells whether people name the collection's items by numbers.
func (c Collection) Numbered() bool {
	return slices.ContainsFunc(c.Columns, func(column Column) bool { return column.Name == "number" })
}

// Redactable tells whether a field may be made null: one that exists in name, and that
// nothing hangs on. The key, the number and what passes and deliveries compare must stay.
func (c Collection) Redactable(field string) bool {
	parts := strings.Split(field, ".")
	return !slices.Contains(parts, "") && parts[0] != "*" &&
		!slices.Contains([]string{c.key[0], "id", "number", "full_name", "created_at", "updated_at"}, parts[0])
}

// Redact makes the places null that fields name (a member, or a path as in Paths), and
// tells whether there were any that were not null yet. Everything else stays as it was
// spelled.
func (c Collection) Redact(raw json.RawMessage, fields ...string) (json.RawMessage, bool, error) {
	var d rawjson.Document
	if err := d.Parse(raw); err != nil {
		return nil, false, fmt.Errorf("read an item of %s to redact it: %w", c.Name, err)
	}
	redacted := false
	for _, field := range fields {
		redacted = redact(&d, d.Root(), strings.Split(field, ".")) || redacted
	}
	if !redacted {
		return raw, false, nil
	}
	return d.Append(nil, d.Root()), true, nil
}

// Redacted is an item with fields made null, as if GitHub had sent it so, and whether
// there were any that were not null yet. Of the item its JSON and its parent count.
func (c Collection) Redacted(item Item, fields ...string) (Item, bool, error) {
	raw := item.Raw
	if item.RawBytes != nil {
		raw = item.RawBytes
	}
	raw, redacted, err := c.Redact(raw, fields...)
	if err != nil || !redacted {
		return item, false, err
	}
	out, err := c.PrepareOf(item.Parent, raw)
	return out, true, err
}

func redact(d *rawjson.Document, v rawjson.Value, path []string) bool {
	if len(path) == 0 {
		if d.Kind(v) == rawjson.Null {
			return false
		}
		d.SetNull(v)
		return true
	}
	redacted := false
	switch {
	case path[0] == "*" && d.Kind(v) == rawjson.Array:
		for c := range d.Children(v) {
			redacted = redact(d, c, path[1:]) || redacted
		}
	case d.Kind(v) == rawjson.Object:
		if c := d.Member(v, path[0]); c != rawjson.None {
			redacted = redact(d, c, path[1:])
		}
	}
	return redacted
}
