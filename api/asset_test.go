package api_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// get asks without a client that unpacks what it gets.
func (b *bundle) get(t *testing.T, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	got := httptest.NewRecorder()
	b.api.ServeHTTP(got, r)
	return got
}

func TestAssetsAreSentCompressedAndOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/docs", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/openapi.json", "/openapi.yaml"} {
		plain := b.get(t, path)
		require.Equal(t, http.StatusOK, plain.Code, path)
		require.Empty(t, plain.Header().Get("Content-Encoding"))
		packed := b.get(t, path, "Accept-Encoding", "br, gzip;q=0.5")
		require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
		require.Equal(t, plain.Header().Get("Content-Type"), packed.Header().Get("Content-Type"))
		require.Equal(t, strconv.Itoa(packed.Body.Len()), packed.Header().Get("Content-Length"))
		unpacked, err := gzip.NewReader(packed.Body)
		require.NoError(t, err)
		body, err := io.ReadAll(unpacked)
		require.NoError(t, err)
		require.Equal(t, plain.Body.String(), string(body), path)
		require.NotEqual(t, plain.Header().Get("ETag"), packed.Header().Get("ETag"), "they are two forms")

		for _, form := range []*httptest.ResponseRecorder{plain, packed} {
			require.Equal(t, "Accept-Encoding", form.Header().Get("Vary"))
			require.NotEmpty(t, form.Header().Get("Cache-Control"))
			encoding, tag := form.Header().Get("Content-Encoding"), form.Header().Get("ETag")
			require.Regexp(t, `^"[0-9a-f]{16}(-gzip)?"$`, tag)
			for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
				again := b.get(t, path, "Accept-Encoding", encoding, "If-None-Match", known)
				require.Equal(t, http.StatusNotModified, again.Code, "%s %s", path, known)
				require.Empty(t, again.Body.Bytes())
				require.Equal(t, tag, again.Header().Get("ETag"))
			}
			require.Equal(t, http.StatusOK, b.get(t, path, "Accept-Encoding", encoding, "If-None-Match", `"other"`).Code)
		}
	}
	for _, unwilling := range []string{"", "gzip;q=0", "gzip; q=0.0", "identity", "gzipped", "gzip;q=much"} {
		require.Empty(t, b.get(t, "/docs", "Accept-Encoding", unwilling).Header().Get("Content-Encoding"), unwilling)
	}
}
