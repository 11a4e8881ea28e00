package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/holdfast/holdfast/internal/budget"
)

// longestMessage bounds what is repeated of GitHub's own words, in bytes.
const longestMessage = 200

// authorize adds the credential's token, to a copy of the request and for the API's own
// host only: a redirect must not carry it elsewhere. Copies of the original, which the
// HTTP client makes for redirects, have none.
func (t *limitTransport) authorize(req *http.Request) (*http.Request, string, error) {
	if !t.own(req) {
		return req, "", nil
	}
	token, err := t.credential.Token(req.Context())
	if err != nil || token == "" {
		return req, "", err
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return req, token, nil
}

func (t *limitTransport) own(req *http.Request) bool {
	return req.URL.Host == t.base.Host && req.URL.Scheme == t.base.Scheme
}

// renewal has the credential get another token after GitHub's 401 to this one. It tells
// whether that is settled: nothing is known of the credential as long as the token could
// not be put away. Its error is worth a retry; nil: there is no other token to be had.
func (t *limitTransport) renewal(ctx context.Context, resp *http.Response, token string) (settled bool, err error) {
	c, ok := t.credential.(Renewable)
	if !ok || token == "" {
		return true, nil
	}
	again, err := c.Renew(ctx, token)
	if err == nil && !again {
		return true, nil
	}
	e := &Error{Kind: KindUnreachable, Status: resp.StatusCode, RequestID: requestID(resp), Message: "the token was renewed meanwhile"}
	if err != nil {
		e.Message, e.Err = "the token was refused and could not be renewed", err
	}
	return err == nil, e
}

// judge tells of an answer that refuses the credential itself, and makes the error of
// one that does so with a 403: the installation, or the user, is suspended.
func (t *limitTransport) judge(ctx context.Context, resp *http.Response) (*http.Response, error) {
	suspended := resp.StatusCode == http.StatusForbidden && isSuspended(messageOf(resp))
	if resp.StatusCode != http.StatusUnauthorized && !suspended {
		return resp, nil
	}
	err := &Error{Kind: KindUnauthorized, Status: resp.StatusCode, RequestID: requestID(resp), Message: messageOf(resp)}
	t.tell(ctx, err)
	if suspended {
		return nil, err
	}
	return resp, nil
}

// tell says that GitHub does not accept the credential, and why.
func (t *limitTransport) tell(ctx context.Context, err error) {
	if t.refused != nil {
		t.refused(ctx, reasonOf(err))
	}
}

// reasonOf says in a sentence or two why GitHub does not accept a credential.
func reasonOf(err error) string {
	var e *Error
	reason := "GitHub does not accept the credential: it is wrong, expired or revoked."
	if !errors.As(err, &e) {
		return reason
	}
	switch {
	case isSuspended(e.Message):
		reason = "GitHub has suspended the installation or the user whom the credential is of."
	case e.reason != "":
		reason = e.reason
	}
	if e.Message != "" {
		reason += " GitHub says: " + e.Message
	}
	return reason
}

// isSuspended recognizes what GitHub says for a suspended installation or user; there
// is no other sign of it. Source:
// docs.github.com/apps/maintaining-github-apps/suspending-a-github-app-installation.
func isSuspended(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "installation has been suspended") || strings.Contains(m, "account was suspended")
}

// messageOf is what an answer of GitHub's says for people, cut to a bearable length.
func messageOf(resp *http.Response) string {
	body, err := readWhole(resp)
	if err != nil {
		return ""
	}
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	if len(said.Message) > longestMessage {
		return strings.ToValidUTF8(said.Message[:longestMessage], "") + "…"
	}
	return said.Message
}

func requestID(resp *http.Response) string { return resp.Header.Get("X-GitHub-Request-Id") }

// pass is the account's leave to send a request. What is free needs none.
type pass struct {
	*budget.Pass
	resource budget.Resource
}

// enter waits for the request's turn. What is free passes at once.
func (t *limitTransport) enter(req *http.Request) (pass, error) {
	r := requestOf(req)
	if isFree(req.Context()) {
		return pass{resource: r.Resource}, nil
	}
	p, err := t.account.Enter(req.Context(), r)
	return pass{Pass: p, resource: r.Resource}, err
}

// leave settles what the answer told. Its error is a *budget.LimitError: when GitHub
// may be asked again.
func (t *limitTransport) leave(ctx context.Context, p pass, a budget.Answer) error {
	if p.Pass != nil {
		if limit := p.Leave(ctx, a); limit != nil {
			return limit
		}
		return nil
	}
	if a.Refused == nil {
		return nil
	}
	wait := a.Refused.Wait
	if wait == 0 {
		wait = t.scaled(leastSecondary)
	}
	return &budget.LimitError{Limit: a.Refused.Limit, Until: t.now().Add(wait)}
}
