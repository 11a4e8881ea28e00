package localservice

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
)

// script writes an executable that stands for one of Postgres's.
func script(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+content+"\n"), 0o755))
}

func install(t *testing.T, dir, version string) {
	t.Helper()
	script(t, filepath.Join(dir, "postgres"), "echo 'postgres (PostgreSQL) "+version+"'")
	script(t, filepath.Join(dir, "initdb"), "exit 1")
}

func TestFindBinaries(t *testing.T) {
	root := t.TempDir()
	install(t, filepath.Join(root, "9", "bin"), "9.6.24")
	install(t, filepath.Join(root, "16", "bin"), "16.2 (Debian 16.2-1)")
	install(t, filepath.Join(root, "18", "bin"), "18beta1")
	install(t, filepath.Join(root, "on-path"), "17.1")
	script(t, filepath.Join(root, "99", "bin", "postgres"), "echo 'postgres (PostgreSQL) 99.0'") // a client's: no initdb
	install(t, filepath.Join(root, "0", "bin"), "unknown")
	t.Setenv("PATH", filepath.Join(root, "on-path")+":/bin:/usr/bin:"+filepath.Join(root, "nowhere"))
	patterns := []string{filepath.Join(root, "*", "bin")}

	newest, ok := findBinaries(t.Context(), patterns, 0)
	require.True(t, ok)
	require.Equal(t, "18beta1", newest.version)
	require.Equal(t, 18, newest.major)

	wanted, ok := findBinaries(t.Context(), patterns, 16)
	require.True(t, ok)
	require.Equal(t, "16.2", wanted.version)
	require.Equal(t, filepath.Join(root, "16", "bin", "initdb"), wanted.path("initdb"))

	onPath, ok := findBinaries(t.Context(), patterns, 17)
	require.True(t, ok)
	require.Equal(t, filepath.Join(root, "on-path"), onPath.dir)

	_, ok = findBinaries(t.Context(), patterns, 99)
	require.False(t, ok)
}

// repository serves one Postgres the way Maven Central serves the module's.
func repository(t *testing.T) (url string, downloads *atomic.Int32) {
	t.Helper()
	var archive bytes.Buffer
	compressed, err := xz.NewWriter(&archive)
	require.NoError(t, err)
	files := tar.NewWriter(compressed)
	for name, content := range map[string]string{
		"bin/postgres": "#!/bin/sh\necho 'postgres (PostgreSQL) 17.5'\n",
		"bin/initdb":   "#!/bin/sh\nexit 1\n",
		"bin/pg_ctl":   "#!/bin/sh\nexit 1\n",
	} {
		require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := files.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, compressed.Close())
	var jar bytes.Buffer
	packed := zip.NewWriter(&jar)
	member, err := packed.Create("postgres-linux.txz")
	require.NoError(t, err)
	_, err = member.Write(archive.Bytes())
	require.NoError(t, err)
	require.NoError(t, packed.Close())

	downloads = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := jar.Bytes()
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			sum := sha256.Sum256(answer)
			answer = []byte(hex.EncodeToString(sum[:]))
		} else {
			downloads.Add(1)
		}
		_, _ = w.Write(answer) // the client says what it misses
	}))
	t.Cleanup(server.Close)
	return server.URL, downloads
}

func TestDownloadBinaries(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", newTempDir(t))
	user, err := serverAccount()
	require.NoError(t, err)
	url, downloads := repository(t)
	for range 2 {
		b, err := downloadBinaries(t.Context(), user, url)
		require.NoError(t, err)
		require.Equal(t, 17, b.major)
		require.FileExists(t, b.path("initdb"))
	}
	require.EqualValues(t, 1, downloads.Load(), "the second time they are there")
}

func TestDownloadBinariesWithoutANetwork(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", newTempDir(t))
	user, err := serverAccount()
	require.NoError(t, err)
	_, err = downloadBinaries(t.Context(), user, "http://127.0.0.1:1")
	require.ErrorContains(t, err, "no Postgres is installed")
	require.ErrorContains(t, err, "apt-get install postgresql")
	require.ErrorContains(t, err, "unable to connect")
}
