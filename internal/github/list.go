package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v58/github"

	"github.com/holdfast/holdfast/internal/rawjson"
)

// Ask says how a list is asked for. The zero value is right for most.
type Ask struct {
	Accept   string // media type; empty: GitHub's usual one
	Envelope string // the member of the answer that holds the list; empty: the answer is the list
	ETag     string // the answer may be that nothing has changed since; empty: it may not
}

// Page is one page of a list.
type Page struct {
	Items    []json.RawMessage
	Next     string    // rel=next, verbatim; empty on the last page
	Last     int       // page number of rel=last; 0 when GitHub does not say
	Date     time.Time // of the answer, by GitHub's clock
	Requests int64     // that it took, retries and redirects included

	ETag      string // of the answer; empty when GitHub gives none
	Unchanged bool   // the answer is 304: there are no items, and they are those that the entity tag stands for
	Linked    bool   // Next and Last are known: an answer of 304 may lack its links
	Status    string // how the two sides of a comparison are related
}

// List reads the page of a list at a URL: a path relative to the base URL with its
// query, or a rel=next link verbatim. Errors are *Error or *budget.LimitError; the
// page then holds only Requests.
func (c *Client) List(ctx context.Context, rawURL string, ask Ask) (Page, error) {
	var body bytes.Buffer
	resp, requests, err := c.get(ctx, rawURL, ask, &body)
	p := Page{Requests: requests}
	if err != nil {
		return p, err
	}
	switch resp.StatusCode {
	case http.StatusNoContent: // the contributors of an empty repository
	case http.StatusNotModified:
		p.Unchanged = true
	default:
		if err := p.read(body.Bytes(), ask.Envelope); err != nil {
			return Page{Requests: requests}, &Error{Kind: KindUnreachable, Status: resp.StatusCode, Message: "the answer is no list", Err: err}
		}
	}
	p.Next, p.Last = links(resp.Header.Values("Link"))
	p.Linked = !p.Unchanged || resp.Header.Get("Link") != ""
	if p.Next != "" {
		if err := c.checkLink(p.Next); err != nil {
			return Page{Requests: requests}, err
		}
	}
	p.Date, p.ETag = date(resp), resp.Header.Get("ETag")
	return p, nil
}

// read takes the items out of the answer. Not by go-github, whose decoder takes an
// empty answer for an empty list and reads each item several times.
func (p *Page) read(body []byte, envelope string) (err error) {
	if envelope != "" {
		members, err := rawjson.Members(body)
		if err != nil {
			return err
		}
		if status, ok := members["status"]; ok {
			if err := json.Unmarshal(status, &p.Status); err != nil {
				return err
			}
		}
		if body = members[envelope]; body == nil {
			return errors.New("the answer has no " + envelope)
		}
	}
	p.Items, err = rawjson.Elements(body)
	return err
}

// Object reads one object, as a page with one item.
func (c *Client) Object(ctx context.Context, rawURL string) (Page, error) {
	var raw json.RawMessage
	resp, requests, err := c.get(ctx, rawURL, Ask{}, &raw)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &Error{Kind: KindUnexpected, Status: resp.StatusCode, Message: "the answer has no content"}
	}
	if err != nil {
		return Page{Requests: requests}, err
	}
	return Page{Items: []json.RawMessage{raw}, Date: date(resp), Requests: requests}, nil
}

// get asks; its answer is 200, 204, or 304 to an entity tag.
func (c *Client) get(ctx context.Context, rawURL string, ask Ask, into any) (*gogithub.Response, int64, error) {
	if strings.Contains(rawURL, "://") {
		// A link that was kept may be another GitHub's by now.
		if err := c.checkLink(rawURL); err != nil {
			return nil, 0, err
		}
	}
	ctx, counted := withCounter(ctx)
	req, err := c.gh.NewRequest(http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, 0, &Error{Kind: KindUnexpected, Err: err}
	}
	if ask.Accept != "" {
		req.Header.Set("Accept", ask.Accept)
	}
	if ask.ETag != "" {
		req.Header.Set("If-None-Match", ask.ETag)
	}
	resp, err := c.gh.Do(ctx, req, into)
	if err != nil && !(ask.ETag != "" && resp != nil && resp.StatusCode == http.StatusNotModified) {
		if ctx.Err() != nil {
			return nil, counted.Load(), ctx.Err()
		}
		return nil, counted.Load(), translate(err)
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusNoContent, http.StatusNotModified:
		return resp, counted.Load(), nil
	default:
		return nil, counted.Load(), &Error{Kind: KindUnexpected, Status: resp.StatusCode, Message: "the answer has no content"}
	}
}
