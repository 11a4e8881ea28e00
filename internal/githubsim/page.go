package githubsim

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// numberedItems is how far numbered pages reach in a limited list.
const numberedItems = 9900

// query is a request for a repository's data. The repository is locked for
// reading while it is answered.
type query struct {
	*exchange
	*Repository
	params   url.Values
	limited  bool
	omitLast bool

	base         string             // of links to other pages; empty: below the repository's number
	organization *organizationQuery // set where the path names an organization
}

// page is the part of a list that was asked for.
type page struct {
	number, size  int
	after, before *cursor
}

// page reads the paging parameters. As on GitHub, what is no number is ignored.
func (q *query) page() page {
	p := page{number: 1, size: 30}
	if n, err := strconv.Atoi(q.params.Get("page")); err == nil && n > 0 {
		p.number = n
	}
	if n, err := strconv.Atoi(q.params.Get("per_page")); err == nil && n > 0 {
		p.size = min(n, 100)
	}
	p.after, p.before = parseCursor(q.params.Get("after")), parseCursor(q.params.Get("before"))
	return p
}

// plain serves a list that is always reached by numbers: item writes the n-th.
func (q *query) plain(total int, item func(n int)) {
	p := q.page()
	from := min((p.number-1)*p.size, total)
	to := min(from+p.size, total)
	q.write(from, to, item)
	q.links(p, total, to, nil, nil)
}

// list serves a view, forward or in descending order: item writes the item with an index.
func (q *query) list(v *view, descending bool, item func(i int32)) {
	p, total := q.page(), len(v.order)
	at := func(n int) int32 {
		if descending {
			return v.order[total-1-n]
		}
		return v.order[n]
	}
	from := (p.number - 1) * p.size
	keyed := q.limited && (p.after != nil || p.before != nil)
	switch {
	case q.limited && p.after != nil:
		from = place(v, *p.after, descending, true)
	case q.limited && p.before != nil:
		from = max(place(v, *p.before, descending, false)-p.size, 0)
	case q.limited && from >= numberedItems:
		q.problem(http.StatusUnprocessableEntity, "In order to keep the API fast for everyone, pagination is limited "+
			"for this resource.", "https://docs.github.com/rest"+q.route.docs)
		return
	}
	from = min(from, total)
	to := min(from+p.size, total)
	q.write(from, to, func(n int) { item(at(n)) })
	if !keyed && (!q.limited || to < numberedItems || to == total) {
		q.links(p, total, to, nil, nil)
		return
	}
	var first, last *cursor
	if to > from {
		a, b := v.cursorOf(at(from)), v.cursorOf(at(to-1))
		first, last = &a, &b
	}
	if !keyed || from == 0 {
		first = nil
	}
	q.links(p, total, to, first, last)
}

// place is where, in the order that is shown, the items after c begin, or those
// before c end.
func place(v *view, c cursor, descending, after bool) int {
	if descending == after {
		n := v.search(c)
		if descending {
			return len(v.order) - n
		}
		return n
	}
	n := v.search(cursor{c.value, c.id + 1})
	if descending {
		return len(v.order) - n
	}
	return n
}

func (q *query) write(from, to int, item func(n int)) {
	q.enc.raw("[")
	for n := from; n < to; n++ {
		if n > from {
			q.enc.raw(",")
		}
		item(n)
	}
	q.enc.raw("]")
}

// links sets the Link header. With a cursor, the page beside it is reached by
// it; GitHub then names neither the last page nor the first.
func (q *query) links(p page, total, to int, before, after *cursor) {
	var links []string
	add := func(rel string, number int, key string, c *cursor) {
		links = append(links, "<"+q.pageURL(number, key, c)+`>; rel="`+rel+`"`)
	}
	keyed := p.after != nil || p.before != nil
	last := (total + p.size - 1) / p.size
	if before != nil {
		add("prev", max(p.number-1, 1), "before", before)
	} else if p.number > 1 && !(q.limited && keyed) {
		add("prev", min(p.number-1, max(last, 1)), "", nil)
	}
	if to < total {
		if after != nil {
			add("next", p.number+1, "after", after)
		} else {
			add("next", p.number+1, "", nil)
		}
	}
	if q.limited && keyed {
		q.setLink(links)
		return
	}
	if to < total && (!q.omitLast || !q.limited || total <= numberedItems) {
		add("last", last, "", nil)
	}
	if p.number > 1 {
		add("first", 1, "", nil)
	}
	q.setLink(links)
}

func (q *query) setLink(links []string) {
	if len(links) > 0 {
		q.header.Set("Link", strings.Join(links, ", "))
	}
}

// pageURL is the URL of another page of the list: that of the request with the
// repository's number in the path and other paging parameters.
func (q *query) pageURL(number int, key string, c *cursor) string {
	var b strings.Builder
	if q.base != "" {
		b.WriteString(q.origin() + q.base + "?")
	} else {
		b.WriteString(q.origin() + "/repositories/" + strconv.FormatInt(q.info.id, 10) + "/" + q.path.rest + "?")
	}
	paged := false
	for pair := range strings.SplitSeq(q.req.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "", "after", "before":
			continue
		case "page":
			if paged {
				continue
			}
			paged = true
			pair = "page=" + strconv.Itoa(number)
		}
		b.WriteString(pair + "&")
	}
	if !paged {
		b.WriteString("page=" + strconv.Itoa(number) + "&")
	}
	if c != nil {
		b.WriteString(key + "=" + url.QueryEscape(c.String()) + "&")
	}
	return strings.TrimSuffix(b.String(), "&")
}

const cursorPrefix = "cursor:v2:"

// String is the opaque form of a cursor.
func (c cursor) String() string {
	b := []byte(cursorPrefix)
	b = binary.BigEndian.AppendUint64(b, uint64(c.value))
	b = binary.BigEndian.AppendUint64(b, uint64(c.id))
	return base64.StdEncoding.EncodeToString(b)
}

// parseCursor reads an opaque cursor; nil if it is none.
func parseCursor(s string) *cursor {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(cursorPrefix)+16 || !strings.HasPrefix(string(b), cursorPrefix) {
		return nil
	}
	b = b[len(cursorPrefix):]
	return &cursor{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))}
}

// date reads a time parameter; ok is false, and the request answered, if it is no time.
func (q *query) date(name string) (s stamp, ok bool) {
	value := q.params.Get(name)
	if value == "" {
		return 0, true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, value); err == nil {
			if t.Nanosecond() > 0 {
				t = t.Truncate(time.Second).Add(time.Second) // items have whole seconds
			}
			return stampOf(t), true
		}
	}
	q.invalid(name, "invalid")
	return 0, false
}
