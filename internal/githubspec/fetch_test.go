package githubspec

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const document = "package/generated/api.github.com.json"

// pack is a tarball as npm serves it, and its release.
func pack(t *testing.T, files map[string]string) ([]byte, Release) {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, content := range files {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600}))
		_, err := archive.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	sum := sha512.Sum512(packed.Bytes())
	return packed.Bytes(), Release{
		Package: "@octokit/openapi", Version: "1.2.3", Document: document,
		Integrity: "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
	}
}

// registry is an npm registry that answers with each of answers in turn, the last
// one for ever.
func registry(t *testing.T, answers ...http.HandlerFunc) (Options, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		if r.URL.Path != "/npm/@octokit/openapi/-/openapi-1.2.3.tgz" {
			http.NotFound(w, r)
			return
		}
		answers[min(n, len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	return Options{Dir: t.TempDir(), Registry: server.URL + "/npm/", Pause: time.Millisecond}, &asked
}

func serve(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, bytes.NewReader(body)) }
}

func fail(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func TestFetchKeepsWhatItFetched(t *testing.T) {
	t.Parallel()
	body, release := pack(t, map[string]string{"package/LICENSE": "MIT", document: `{"openapi": "3.0.3"}`})
	options, asked := registry(t, serve(body))
	for range 2 {
		path, err := release.Fetch(t.Context(), options)
		require.NoError(t, err)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.JSONEq(t, `{"openapi": "3.0.3"}`, string(content))
	}
	require.Equal(t, int32(1), asked.Load(), "the second time it is there")

	entries, err := os.ReadDir(options.Dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing else is left behind")
}

func TestFetchTriesThreeTimes(t *testing.T) {
	t.Parallel()
	body, release := pack(t, map[string]string{document: "{}"})
	for name, tt := range map[string]struct {
		answers []http.HandlerFunc
		asked   int32
		message string
	}{
		"the third time":       {[]http.HandlerFunc{fail(503), serve(body[:len(body)/2]), serve(body)}, 3, ""},
		"never":                {[]http.HandlerFunc{fail(502)}, 3, "attempt 3 of 3): "},
		"always another file":  {[]http.HandlerFunc{serve([]byte("other"))}, 3, "its hash is sha512-"},
		"the release is gone":  {[]http.HandlerFunc{fail(404)}, 1, "answered 404 Not Found"},
		"the registry refuses": {[]http.HandlerFunc{fail(401)}, 1, "answered 401 Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options, asked := registry(t, tt.answers...)
			_, err := release.Fetch(t.Context(), options)
			require.Equal(t, tt.asked, asked.Load())
			if tt.message == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "fetch GitHub's description of its API")
			require.ErrorContains(t, err, tt.message)
			entries, err := os.ReadDir(options.Dir)
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	body, release := pack(t, map[string]string{"package/other.json": "{}"})
	options, asked := registry(t, serve(body))
	_, err := release.Fetch(t.Context(), options)
	require.ErrorContains(t, err, "there is no "+document+" in it")
	require.Equal(t, int32(1), asked.Load(), "another attempt would find the same")

	release.Integrity = "sha1-abc"
	_, err = release.Fetch(t.Context(), options)
	require.ErrorContains(t, err, "is no sha512")
}

func TestThePinIsWhole(t *testing.T) {
	t.Parallel()
	sum, err := Pinned().hash()
	require.NoError(t, err)
	require.Len(t, sum, sha512.Size)
}
