package leak_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/leak"
)

const planted = `ghp_S3cret/With+Signs="and quotes"`

func inJSON(t *testing.T, s string) string {
	t.Helper()
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	return string(raw)
}

func TestASecretIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	f, err := leak.New(map[string]string{"planted": planted, "other": "something-else"})
	require.NoError(t, err)
	for name, form := range map[string]func(string) string{
		"raw":               func(s string) string { return s },
		"JSON":              func(s string) string { return inJSON(t, s) },
		"Go":                func(s string) string { return fmt.Sprintf("%q", s) },
		"hex":               func(s string) string { return hex.EncodeToString([]byte(s)) },
		"bytea":             func(s string) string { return fmt.Sprintf(`\x%X`, s) },
		"query":             url.QueryEscape,
		"path":              url.PathEscape,
		"base64":            func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base64 of more":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s + "y")) },
		"base64 of a lot":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("xx" + s + "yy")) },
		"base64 for URLs":   func(s string) string { return base64.URLEncoding.EncodeToString([]byte("xxx" + s)) },
		"base64 unpadded":   func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("basic:" + s)) },
		"in a connection":   func(s string) string { return "postgres://u:" + url.PathEscape(s) + "@h/d" },
		"between bytes":     func(s string) string { return "\x00\xff" + s + "\xfe" },
		"with another name": func(s string) string { return "Authorization: Bearer " + s },
	} {
		require.Equal(t, []string{"planted"}, f.Find([]byte("before "+form(planted)+" after")), name)
		require.Empty(t, f.Find([]byte("before "+form("no secret at all, but long")+" after")), name)
	}
	require.Empty(t, f.Find([]byte(base32.StdEncoding.EncodeToString([]byte(planted)))), "what nobody writes in")
}

func TestAKeyIsFoundByItsParts(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der := x509.MarshalPKCS1PrivateKey(key)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
	f, err := leak.New(map[string]string{"key": text})
	require.NoError(t, err)
	require.Equal(t, []string{"key"}, f.Find([]byte(text)))
	require.Equal(t, []string{"key"}, f.Find([]byte(strings.Split(text, "\n")[3])), "a line of it")
	require.Equal(t, []string{"key"}, f.Find(der))
	require.Empty(t, f.Find([]byte("-----BEGIN RSA PRIVATE KEY-----")), "everybody knows that one")
}

func TestAShortSecretIsNotLookedFor(t *testing.T) {
	t.Parallel()
	_, err := leak.New(map[string]string{"x": "seven77"})
	require.Error(t, err)
}
