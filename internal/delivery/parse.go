package delivery

import (
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/rawjson"
)

// The media types that GitHub sends payloads as; the hook's settings choose.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// Readable tells whether payloads of a Content-Type can be read.
func Readable(contentType string) bool {
	kind := mediaOf(contentType)
	return kind == mediaJSON || kind == mediaForm
}

func mediaOf(contentType string) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return kind
}

// payloadOf is the JSON in a request's body.
func payloadOf(contentType string, body []byte) ([]byte, error) {
	if mediaOf(contentType) != mediaForm {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !form.Has("payload") {
		return nil, unreadable("The form has no member payload that can be read.", err)
	}
	return []byte(form.Get("payload")), nil
}

func unreadable(message string, cause error) error {
	return &operation.Error{Code: operation.CodeInvalid, Message: message, Err: cause}
}

// parse reads what a payload is about. CodeInvalid where it is no JSON object.
func parse(r *collection.Registry, event string, payload []byte) (Delivery, error) {
	var doc rawjson.Document
	if err := doc.Parse(payload); err != nil {
		return Delivery{}, unreadable("The payload is no JSON.", err)
	}
	p := document{&doc}
	if p.Kind(p.Root()) != rawjson.Object {
		return Delivery{}, unreadable("The payload is no JSON object.", nil)
	}
	d := Delivery{Event: event, Action: p.text(p.Root(), "action"), Payload: payload}
	if repository := p.object(p.Root(), "repository"); repository != rawjson.None {
		d.RepositoryID, d.Repository = p.number(repository, "id"), p.text(repository, "full_name")
	}
	if organization := p.object(p.Root(), "organization"); organization != rawjson.None {
		d.OrganizationID, d.Organization = p.number(organization, "id"), p.text(organization, "login")
	}
	p.nominate(r, &d)
	return d, nil
}

// nominate notes which collections the delivery touches, and which of their items.
func (p document) nominate(r *collection.Registry, d *Delivery) {
	for _, event := range p.events(d.Event) {
		for _, c := range r.ByEvent(event) {
			if slices.Contains(d.Collections, c.Name) {
				continue
			}
			d.Collections = append(d.Collections, c.Name)
			if item, ok := p.item(c, d.Event, d.Action); ok {
				d.Items = append(d.Items, item)
			}
		}
	}
}

// events are the event and what else it amounts to: GitHub sends a comment on a pull
// request as one on an issue, and it raises the pull request's updated_at.
func (p document) events(event string) []string {
	if event == "issue_comment" && p.object(p.object(p.Root(), "issue"), "pull_request") != rawjson.None {
		return []string{event, "pull_request"}
	}
	return []string{event}
}

// item is what the mirror of a collection has to show. There is none where an item
// has gone: only a look at GitHub tells that it has.
func (p document) item(c collection.Collection, event, action string) (Item, bool) {
	if c.Member == "" || Gone(action) && c.Events[0] == event {
		return Item{}, false
	}
	object := p.object(p.Root(), c.Member)
	if object == rawjson.None {
		return Item{}, false
	}
	item := Item{Collection: c.Name, Key: p.text(object, c.Key)}
	updated, err := time.Parse(time.RFC3339, p.text(object, "updated_at"))
	if item.Key == "" || err != nil {
		return Item{}, false
	}
	item.UpdatedAt = updated
	return item, true
}

// Gone tells whether an action says that the event's own item is not there any more.
func Gone(action string) bool { return action == "deleted" || action == "transferred" }

// document is a payload. What is missing reads as nothing.
type document struct{ *rawjson.Document }

func (p document) object(of rawjson.Value, name string) rawjson.Value {
	if of == rawjson.None {
		return rawjson.None
	}
	if v := p.Member(of, name); v != rawjson.None && p.Kind(v) == rawjson.Object {
		return v
	}
	return rawjson.None
}

// text is a member that is a string or a number, as Postgres' text can hold it.
func (p document) text(of rawjson.Value, name string) string {
	v := p.Member(of, name)
	if v == rawjson.None {
		return ""
	}
	return storable(string(p.Text(v)))
}

func (p document) number(of rawjson.Value, name string) int64 {
	n, err := strconv.ParseInt(p.text(of, name), 10, 64)
	if err != nil {
		return 0 // GitHub's ids are numbers: what is none names nothing
	}
	return n
}

// maxText bounds what is kept of a payload in columns of its own, in bytes.
const maxText = 300

// storable is text as Postgres can hold it, and not more than a name needs.
func storable(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
}

// checkGUID refuses what is no delivery's id: GitHub sends a UUID.
func checkGUID(guid string) error {
	if guid == "" {
		return unreadable("The header X-GitHub-Delivery is missing: it tells deliveries apart.", nil)
	}
	for _, r := range guid {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return unreadable("The header X-GitHub-Delivery has to be letters, digits and hyphens.", nil)
		}
	}
	if len(guid) > maxGUID {
		return unreadable(fmt.Sprintf("The header X-GitHub-Delivery is longer than %d characters.", maxGUID), nil)
	}
	return nil
}

const maxGUID = 64
