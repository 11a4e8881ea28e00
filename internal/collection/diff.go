package collection

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/holdfast/holdfast/internal/rawjson"
)

// Diff names the top-level members by which two JSON documents of one item differ,
// sorted. What does not count as a difference is left out: two documents with the
// same Hash have none, whether they come from GitHub or from the mirror.
func (c Collection) Diff(before, after json.RawMessage) ([]string, error) {
	old, err := c.members(before)
	if err != nil {
		return nil, fmt.Errorf("read an item of %s as it was: %w", c.Name, err)
	}
	current, err := c.members(after)
	if err != nil {
		return nil, fmt.Errorf("read an item of %s as it is: %w", c.Name, err)
	}
	var names []string
	for name, value := range old {
		if now, ok := current[name]; !ok || !bytes.Equal(now, value) {
			names = append(names, name)
		}
	}
	for name := range current {
		if _, ok := old[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// members are the members of an item that count, each in the one form that equal
// values share.
func (c Collection) members(raw json.RawMessage) (map[string][]byte, error) {
	var d rawjson.Document
	if err := d.Parse(raw); err != nil {
		return nil, err
	}
	root := d.Root()
	c.rules.reduce(&d, root)
	w := writer{document: &d, equality: true}
	members := map[string][]byte{}
	for v := range d.Children(root) {
		name := d.Name(v)
		rule := c.rules.field(name)
		if rule != nil && (rule.volatile || rule.refresh) {
			continue
		}
		if c.rules.identity && string(name) != "id" && d.Member(root, "id") != rawjson.None {
			continue
		}
		w.b = nil
		w.write(rule, v)
		members[string(name)] = w.b
	}
	return members, nil
}
