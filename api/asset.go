package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// asset is an answer that never changes while the process runs, in both forms in
// which it is sent: it is compressed once, not for each who asks.
type asset struct {
	contentType    string
	cacheControl   string
	plain, gzipped []byte
	tag            string // without its quotes
}

// newAsset prepares an answer.
func newAsset(contentType, cacheControl string, body []byte) (asset, error) {
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return asset{}, fmt.Errorf("begin to compress: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return asset{}, fmt.Errorf("compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return asset{}, fmt.Errorf("end compressing: %w", err)
	}
	sum := sha256.Sum256(body)
	return asset{
		contentType: contentType, cacheControl: cacheControl, plain: body, gzipped: compressed.Bytes(),
		tag: hex.EncodeToString(sum[:8]),
	}, nil
}

// serve answers with the form that the client takes, or with 304 where it has it.
func (f asset) serve(w http.ResponseWriter, r *http.Request) {
	body, tag := f.plain, `"`+f.tag+`"`
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	h.Add("Vary", "Accept-Encoding")
	if acceptsGzip(r) {
		body, tag = f.gzipped, `"`+f.tag+`-gzip"` // each form has a tag of its own: RFC 9110, section 8.8.3.3
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", tag)
	if noneMatch(r, tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) //nolint:errcheck // our own bytes; when the client is gone there is nobody to tell
}

// acceptsGzip tells whether the client takes gzip (RFC 9110, section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			_, q, weighted := strings.Cut(strings.ReplaceAll(weight, " ", ""), "=")
			value, err := strconv.ParseFloat(q, 64)
			return !weighted || (err == nil && value > 0)
		}
	}
	return false
}

// noneMatch tells whether the client has what the tag stands for (RFC 9110, section
// 13.1.2: tags are compared weakly).
func noneMatch(r *http.Request, tag string) bool {
	for _, line := range r.Header.Values("If-None-Match") {
		for have := range strings.SplitSeq(line, ",") {
			have = strings.TrimSpace(have)
			if have == "*" || strings.TrimPrefix(have, "W/") == tag {
				return true
			}
		}
	}
	return false
}
