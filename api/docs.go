package api

import (
	"embed"
	"fmt"
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

// docsAssets prepares the files at /docs, by name; the page itself has none.
func docsAssets() (map[string]asset, error) {
	entries, err := docsFiles.ReadDir("docs")
	if err != nil {
		return nil, fmt.Errorf("list the files of /docs: %w", err)
	}
	assets := make(map[string]asset, len(entries))
	for _, entry := range entries {
		body, err := docsFiles.ReadFile("docs/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read %s of /docs: %w", entry.Name(), err)
		}
		name := strings.TrimSuffix(entry.Name(), "index.html")
		if assets[name], err = newAsset(docsTypes[path.Ext(entry.Name())], "public, max-age=3600", body); err != nil {
			return nil, fmt.Errorf("prepare %s of /docs: %w", entry.Name(), err)
		}
	}
	return assets, nil
}

// docs serves the page that describes the API and the files that it is made of.
func (a *API) docs(w http.ResponseWriter, r *http.Request) {
	assets, err := a.assets()
	if err != nil {
		a.fail(r.Context(), err).write(w)
		return
	}
	file, ok := assets[chi.URLParam(r, "file")]
	if !ok {
		a.notFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", docsPolicy)
	file.serve(w, r)
}
