package archivetest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// Document is an archive that can be changed. What is not touched stays as it is
// spelled.
type Document struct {
	Timestamp json.RawMessage `json:"timestamp"`
	Repo      json.RawMessage `json:"repo"`
	Labels    []Object        `json:"labels"`
	Issues    []Object        `json:"issues"`
	Pulls     []Object        `json:"pulls"`
}

// Object is one object of an archive.
type Object map[string]json.RawMessage

// Document reads the archive of a moment.
func (s Series) Document(t testing.TB, moment int) *Document {
	t.Helper()
	f, err := os.Open(s.Snapshots[moment])
	if err != nil {
		t.Fatalf("open the archive: %v", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	var from io.Reader = f
	if strings.HasSuffix(s.Snapshots[moment], ".xz") {
		if from, err = xz.NewReader(f); err != nil {
			t.Fatalf("unpack %s: %v", s.Snapshots[moment], err)
		}
	}
	d := &Document{}
	if err := json.NewDecoder(from).Decode(d); err != nil {
		t.Fatalf("read %s: %v", s.Snapshots[moment], err)
	}
	return d
}

// LoadDocument reads the repository from a changed archive.
func (s Series) LoadDocument(t testing.TB, d *Document) *githubsim.Repository {
	t.Helper()
	content, err := json.Marshal(d)
	if err != nil {
		t.Fatalf("write the changed archive: %v", err)
	}
	path := filepath.Join(t.TempDir(), "changed.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatalf("write the changed archive: %v", err)
	}
	return s.read(t, path)
}

// Set gives a field a value.
func (o Object) Set(field string, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("%s of an archive's object: %v", field, err)) // strings, numbers and lists of them only
	}
	o[field] = raw
}

// Text is a field that is a string; empty if it is none.
func (o Object) Text(field string) string {
	var s string
	if json.Unmarshal(o[field], &s) != nil {
		return ""
	}
	return s
}

// List is a field that is a list of objects.
func (o Object) List(field string) []Object {
	var list []Object
	if json.Unmarshal(o[field], &list) != nil {
		return nil
	}
	return list
}

// Change is something that happens to an archive; it tells whether it could.
type Change func(*Document) bool

// Changes are what archives of one repository differ in that no updatedAt tells, by
// what they are called.
func Changes() map[string]Change {
	return map[string]Change{
		"an issue is deleted":          func(d *Document) bool { return drop(&d.Issues, always) },
		"a pull vanishes":              func(d *Document) bool { return drop(&d.Pulls, always) },
		"a comment is deleted":         func(d *Document) bool { return dropFrom(d.Issues, "comments") },
		"a pull's comment is deleted":  func(d *Document) bool { return dropFrom(d.Pulls, "comments") },
		"a review vanishes":            func(d *Document) bool { return dropFrom(d.Pulls, "reviews") },
		"an issue is silently edited":  func(d *Document) bool { return rewrite(d.Issues, "title") },
		"a pull is silently edited":    func(d *Document) bool { return rewrite(d.Pulls, "body") },
		"a comment is silently edited": func(d *Document) bool { return rewriteIn(d.Issues, "comments") },
		"a review is silently edited":  func(d *Document) bool { return rewriteIn(d.Pulls, "reviews") },
		"a fork is lost": func(d *Document) bool {
			return each(d.Pulls, func(o Object) bool {
				lost := o.Text("headRepository") != "" && !strings.EqualFold(o.Text("headRepository"), o.Text("baseRepository"))
				if lost {
					o.Set("headRepository", nil)
				}
				return lost
			})
		},
		"a label is deleted":   deleteLabel,
		"labels are reordered": reorderLabels,
		"a label's color is changed": func(d *Document) bool {
			return each(d.Labels, func(o Object) bool { o.Set("color", "123456"); return true })
		},
	}
}

func always(Object) bool { return true }

// drop takes the middle one away of those that are asked for.
func drop(list *[]Object, which func(Object) bool) bool {
	var candidates []int
	for i, o := range *list {
		if which(o) {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) == 0 {
		return false
	}
	at := candidates[len(candidates)/2]
	*list = slices.Delete(slices.Clone(*list), at, at+1)
	return true
}

// each calls f until it tells that it has done its work.
func each(list []Object, f func(Object) bool) bool { return slices.ContainsFunc(list, f) }

func dropFrom(list []Object, field string) bool {
	return each(list, func(o Object) bool {
		inner := o.List(field)
		dropped := drop(&inner, always)
		if dropped {
			o.Set(field, inner)
		}
		return dropped
	})
}

func rewrite(list []Object, field string) bool {
	if len(list) == 0 {
		return false
	}
	list[len(list)/3].Set(field, "other words than before")
	return true
}

func rewriteIn(list []Object, field string) bool {
	return each(list, func(o Object) bool {
		inner := o.List(field)
		done := rewrite(inner, "body")
		if done {
			o.Set(field, inner)
		}
		return done
	})
}

func deleteLabel(d *Document) bool {
	if len(d.Labels) == 0 {
		return false
	}
	name := d.Labels[0].Text("name")
	d.Labels = d.Labels[1:]
	for _, o := range slices.Concat(d.Issues, d.Pulls) {
		labels := o.names("labels")
		o.Set("labels", slices.DeleteFunc(labels, func(l string) bool { return strings.EqualFold(l, name) }))
	}
	return true
}

func reorderLabels(d *Document) bool {
	slices.Reverse(d.Labels)
	done := false
	for _, o := range slices.Concat(d.Issues, d.Pulls) {
		if labels := o.names("labels"); len(labels) > 1 {
			slices.Reverse(labels)
			o.Set("labels", labels)
			done = true
		}
	}
	return done
}

// names is a field that is a list of strings.
func (o Object) names(field string) []string {
	names := []string{}
	if json.Unmarshal(o[field], &names) != nil {
		return []string{}
	}
	return names
}
