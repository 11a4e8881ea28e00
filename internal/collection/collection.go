// Package collection is the only place that knows which kinds of GitHub objects
// are mirrored. Each kind is one file that defines one Collection; All lists them.
// Everything else (the walk, the store, the workflow, the API) is driven by these
// definitions and has no switch on a kind.
package collection

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast/holdfast/internal/rawjson"
)

// Mode says how GitHub lets a collection be read, and so how its passes walk.
type Mode string

// The modes.
const (
	// Single is one object, not a list.
	Single Mode = "single"
	// FullList has no filter: every pass reads the whole list.
	FullList Mode = "full_list"
	// Since filters by updated_at: the first pass walks in created order, later
	// ones ask for what was updated since the last.
	Since Mode = "since"
	// NewestFirst sorts by updated_at but has no filter: later passes walk from
	// the newest until they meet what they know.
	NewestFirst Mode = "newest_first"
	// Heads lists what is reachable from a commit: a pass is needed only when
	// the head has moved.
	Heads Mode = "heads"
	// PerParent is listed for each item of another collection: later passes read
	// only the lists of parents that moved.
	PerParent Mode = "per_parent"
)

// KeyField is the field of an item that identifies it within its repository.
type KeyField string

// The key fields.
const (
	KeyID   KeyField = "id"
	KeyName KeyField = "name"
	KeySHA  KeyField = "sha"
)

// Column is a typed column of a collection's table and the SQL expression that
// reads it from raw. The expression must not raise, whatever raw holds: use the
// github_* functions of the migrations instead of casts.
type Column struct {
	Name string
	Expr string
}

// Paths are places in an item: "milestone.open_issues"; a "*" stands for every
// element of an array: "assets.*.uploader".
type Paths []string

// Collection defines one kind of GitHub object.
type Collection struct {
	Name  string // in the API, the cursors and the progress
	Table string // in Postgres; its first columns are the same for every collection
	Mode  Mode
	Path  string     // of the list, relative to the API's base URL: {owner}, {repo} and, for PerParent, {number}
	Query url.Values // parameters that every request of the list carries
	Key   KeyField
	// Parent is the collection whose items' lists are read, for PerParent.
	Parent string

	Columns []Column
	// Search holds the SQL expressions whose text can be searched, by weight A, B, …
	Search []string

	// Secret paths are never stored.
	Secret Paths
	// Reference paths hold whole objects with counters of their own. Only what
	// identifies such an object is stored; it counts as the same while its id is.
	Reference Paths
	// Identity paths hold embedded users, milestones and the like, which count as
	// the same while their id is. A change elsewhere in them refreshes raw only.
	Identity Paths
	// Set paths hold arrays whose order does not count.
	Set Paths
	// Refresh paths depend on the viewer or the time. They never count as a
	// difference; when only they moved, raw is refreshed.
	Refresh Paths
	// Volatile paths are counters inside embedded objects. When only they moved,
	// nothing is written.
	Volatile Paths

	// Events are the webhook events that nominate this collection for a pass.
	Events []string

	rules   *rule
	scratch *sync.Pool // of *scratch
}

// All lists every collection in the order in which a sync plans them: a parent
// stands before what is listed per item of it.
func All() []Collection {
	all := []Collection{
		repository(), labels(), milestones(), issues(), issueComments(), pulls(),
		reviews(), reviewComments(), commits(), branches(), tags(), releases(),
	}
	for i := range all {
		all[i].rules = compile(all[i])
		all[i].scratch = &sync.Pool{}
	}
	return all
}

// Registry finds collections by name.
type Registry struct{ all []Collection }

// NewRegistry holds All.
func NewRegistry() *Registry { return &Registry{all: All()} }

// ByName is the collection called name.
func (r *Registry) ByName(name string) (Collection, bool) {
	i := slices.IndexFunc(r.all, func(c Collection) bool { return c.Name == name })
	if i < 0 {
		return Collection{}, false
	}
	return r.all[i], true
}

// All lists the collections in the plan's order.
func (r *Registry) All() []Collection { return slices.Clone(r.all) }

// Names lists the collections' names in the plan's order.
func (r *Registry) Names() []string {
	names := make([]string, len(r.all))
	for i, c := range r.all {
		names[i] = c.Name
	}
	return names
}

// ByName is the collection called name, from a registry made for the call.
func ByName(name string) (Collection, bool) { return NewRegistry().ByName(name) }

// Item is one object of a collection, ready to be stored.
type Item struct {
	Key       string
	Number    int64     // of issues, pulls and milestones; 0 where there is none
	UpdatedAt time.Time // zero where GitHub gives none
	Raw       []byte    // JSON that jsonb can hold
	RawBytes  []byte    // GitHub's exact JSON, but for secrets, where Raw could not hold it; otherwise nil
	Hash      [32]byte  // equal for items that count as the same
	RawHash   [32]byte  // equal for items whose stored JSON would be the same
}

// Prepare reads one object of a list as GitHub sent it. The item shares raw's bytes.
func (c Collection) Prepare(raw json.RawMessage) (Item, error) {
	s, ok := c.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	defer c.scratch.Put(s)
	d := &s.document
	if err := d.Parse(raw); err != nil {
		return Item{}, fmt.Errorf("read an item of %s: %w", c.Name, err)
	}
	root := d.Root()
	if d.Kind(root) != rawjson.Object {
		return Item{}, fmt.Errorf("read an item of %s: it is no JSON object", c.Name)
	}
	item := Item{Key: string(text(d, root, string(c.Key))), Raw: raw}
	if item.Key == "" {
		return Item{}, fmt.Errorf("read an item of %s: it has no %s", c.Name, c.Key)
	}
	if n := d.Member(root, "number"); n != rawjson.None && d.Kind(n) == rawjson.Number {
		var err error
		if item.Number, err = strconv.ParseInt(string(d.Text(n)), 10, 64); err != nil {
			return Item{}, fmt.Errorf("read the number of %s %s: %w", c.Name, item.Key, err)
		}
	}
	// A time that cannot be read stays zero: the column is NULL too, and the item is kept.
	item.UpdatedAt, _ = time.Parse(time.RFC3339, string(text(d, root, "updated_at")))

	if !d.Storable() {
		item.RawBytes = c.exact(d, raw)
	}
	if c.rules.reduce(d, root) {
		// By way of the scratch: the item is kept, and shall take no more than it needs.
		s.canonical.b = d.Append(s.canonical.b[:0], root)
		item.Raw = bytes.Clone(s.canonical.b)
	}
	item.Hash, item.RawHash = s.hashes(c.rules)
	if !d.Storable() {
		item.Raw = d.AppendStorable(nil, root)
		item.Key = storableText(item.Key)
	}
	return item, nil
}

// exact is what is kept of an item that jsonb cannot hold: its very bytes, or where
// there may be a secret among them, everything else as it was spelled. Rather a
// repeated name and the order less than a stored secret.
func (c Collection) exact(d *rawjson.Document, raw []byte) []byte {
	if len(c.Secret) == 0 {
		return raw
	}
	c.rules.removeSecrets(d, d.Root())
	return d.Append(nil, d.Root())
}

// Hash is what two JSON documents of one item have in common when they count as
// the same, whether they come from GitHub or from the mirror.
func (c Collection) Hash(raw json.RawMessage) ([32]byte, error) {
	item, err := c.Prepare(raw)
	return item.Hash, err
}

// ListPath is the list's path for one repository, and one parent where there is one.
func (c Collection) ListPath(owner, name string, parent int64) string {
	return strings.NewReplacer(
		"{owner}", url.PathEscape(owner), "{repo}", url.PathEscape(name), "{number}", strconv.FormatInt(parent, 10),
	).Replace(c.Path)
}

// text is what a member holds that is a string or a number.
func text(d *rawjson.Document, object rawjson.Value, name string) []byte {
	v := d.Member(object, name)
	if v == rawjson.None {
		return nil
	}
	return d.Text(v)
}

// storableText is s as Postgres' text can hold it.
func storableText(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }
