package api

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"
)

// docsFiles is the page at /docs and Swagger UI, which draws it; docs/README.md
// says which version, from where, under which license.
//
//go:embed docs/index.html docs/docs.js docs/swagger-ui.css docs/swagger-ui-bundle.js docs/swagger-ui-bundle.js.LICENSE.txt docs/LICENSE docs/NOTICE
var docsFiles embed.FS

// docsPolicy lets the page use its own scripts and this API, and nothing else:
// Swagger UI sets styles on elements and draws images from data.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsTypes are the media types of the files: the system's table differs between machines.
var docsTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
	"":      "text/plain; charset=utf-8",
}

// docs serves the page that describes the API and the files that it is made of.
func (a *API) docs(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "file")
	if name == "" {
		name = "index.html"
	}
	body, err := docsFiles.ReadFile(path.Join("docs", path.Clean("/"+name)))
	if err != nil {
		a.notFound(w, r)
		return
	}
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("Content-Security-Policy", docsPolicy)
	h.Set("Content-Type", docsTypes[path.Ext(name)])
	h.Set("Cache-Control", "public, max-age=3600")
	tag := `W/"` + hex.EncodeToString(sum[:8]) + `"`
	h.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Write(body) //nolint:errcheck,gosec // an embedded file; when the client is gone there is nobody to tell
}
