package collection

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/rawjson"
)

// Item is one object of a collection, ready to be stored.
type Item struct {
	Key       string
	Parent    string    // the parent that it was listed for; empty where there is none
	Number    int64     // of issues, pulls and milestones; 0 where there is none
	UpdatedAt time.Time // zero where GitHub gives none
	CreatedAt time.Time // read for NewestCreated only
	Raw       []byte    // JSON that jsonb can hold
	RawBytes  []byte    // GitHub's exact JSON, but for secrets, where Raw could not hold it; otherwise nil
	Hash      [32]byte  // equal for items that count as the same
	RawHash   [32]byte  // equal for items whose stored JSON would be the same
}

// Prepare reads one object of a list as GitHub sent it. The item shares raw's bytes.
func (c Collection) Prepare(raw json.RawMessage) (Item, error) { return c.PrepareOf("", raw) }

// PrepareOf reads one object of the list of a parent.
func (c Collection) PrepareOf(parent string, raw json.RawMessage) (Item, error) {
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
	item := Item{Key: c.keyOf(d, parent), Parent: parent, Raw: raw}
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
	if c.Mode == NewestCreated {
		item.CreatedAt, _ = time.Parse(time.RFC3339, string(text(d, root, "created_at")))
	}

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

// keyOf reads what identifies an item; empty where it has nothing of the kind.
func (c Collection) keyOf(d *rawjson.Document, parent string) string {
	object := d.Root()
	for _, name := range c.key[:len(c.key)-1] {
		if object = d.Member(object, name); object == rawjson.None || d.Kind(object) != rawjson.Object {
			return ""
		}
	}
	key := string(text(d, object, c.key[len(c.key)-1]))
	if key != "" && c.KeyWithParent {
		key = parent + "/" + key
	}
	return bounded(key)
}

// longestKey is how long a key may be, in bytes. Postgres' indexes hold no entry beyond
// 2,704, and git's paths may have 4,096.
const longestKey = 1024

// bounded is key, or its beginning and the SHA-256 of it all where it is too long.
func bounded(key string) string {
	if len(key) <= longestKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	end := "~" + hex.EncodeToString(sum[:])
	return strings.ToValidUTF8(key[:longestKey-len(end)], "") + end
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
