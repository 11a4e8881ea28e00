package githubsim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// hookPatience is how long GitHub waits for an answer to a delivery.
	// Source: docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks.
	hookPatience = 10 * time.Second
	// hookAnswer is how much of an answer is kept, in bytes.
	hookAnswer = 4 << 10
)

// attempt is one try to send a delivery.
type attempt struct {
	delivery
	id       int64
	again    bool // it was asked for
	at       time.Time
	duration time.Duration
	status   int // 0: there was no answer
	sent     http.Header
	header   http.Header
	answer   []byte
}

func (a *attempt) succeeded() bool { return a.status/100 == 2 }

// said is the attempt's status in words, as GitHub lists it.
func (a *attempt) said() string {
	switch {
	case a.succeeded():
		return "OK"
	case a.status == 0:
		return "failed to connect to host"
	default:
		return "Invalid HTTP Response: " + strconv.Itoa(a.status)
	}
}

// post sends the attempt and notes what was answered.
func (h *Hook) post(a *attempt) {
	body, contentType := a.payload, "application/json"
	if h.options.Form {
		body = []byte(url.Values{"payload": {string(a.payload)}}.Encode())
		contentType = "application/x-www-form-urlencoded"
	}
	began := time.Now()
	defer func() { a.duration = time.Since(began) }()
	req, err := http.NewRequestWithContext(h.ctx, http.MethodPost, h.options.URL, bytes.NewReader(body))
	if err != nil {
		return // listed as one that could not be sent
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "*/*")
	req.Header.Set("User-Agent", "GitHub-Hookshot/0000000")
	req.Header.Set("X-GitHub-Delivery", a.guid)
	req.Header.Set("X-GitHub-Event", a.event)
	req.Header.Set("X-GitHub-Hook-ID", decimal(h.id))
	if h.options.Secret != "" {
		req.Header.Set("X-Hub-Signature-256", sign(h.options.Secret, body))
	}
	a.sent = req.Header
	client := http.Client{Timeout: hookPatience}
	resp, err := client.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, hookAnswer))
	if err != nil {
		return
	}
	a.status, a.header, a.answer = resp.StatusCode, resp.Header, answer
}

// sign is the value of X-Hub-Signature-256.
func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
