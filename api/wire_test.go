package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
)

// raw sends bytes as they are, and reads the answer.
func (b *bundle) raw(t *testing.T, request string) answer {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", b.server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() }) // most are closed by then
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*patience)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{Response: resp, body: string(body)}
}

// A path that only looks like one of ours leads nowhere: nothing is cleaned, joined
// or redirected, so that what a proxy lets through is what is served.
func TestOddPathsLeadNowhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleAdmin)
	for _, path := range []string{
		"//v1/operations", "/v1//operations", "/v1/operations/", "/v1/./operations", "/v1/../v1/operations", "/docs/../v1/operations",
		"/healthz/../v1/operations", "/v1/%2e%2e/v1/operations", "/%2e/v1/operations", "/v1%2foperations", "/v1/operations%00", "/V1/operations",
		"/v1/%6fperations", "/v1/operations;a=b", "/v1/operations%3fstate=failed", "/v1\\operations", "/docs/%2e%2e/api.go", "/docs/..%2f..%2fapi.go", "/docs/swagger-ui.css/",
	} {
		got := b.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nConnection: close\r\n\r\n")
		require.Equal(t, http.StatusNotFound, got.StatusCode, "%s: %s", path, got.body)
		require.Equal(t, "not_found", got.problem(t).Code)
		require.Empty(t, got.Header.Get("Location"))
	}
}

// The method is the one of the request line, whatever a header or a parameter says.
func TestTheMethodIsNotOverridden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	token := b.token(t, auth.RoleAdmin)
	path := "/v1/operations/" + op.ID
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		got := b.do(t, http.MethodGet, path, token, nil, header+": POST")
		require.Equal(t, http.StatusOK, got.StatusCode)
	}
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, path+"?_method=POST", token, nil).StatusCode)
	require.Equal(t, http.StatusNotFound, b.raw(t, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").StatusCode, "no path, and so no method that it takes")
	for _, method := range []string{"get", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "POST"} {
		got := b.raw(t, method+" "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		require.Equal(t, http.StatusMethodNotAllowed, got.StatusCode, "%s: %s", method, got.body)
		require.Equal(t, "GET, HEAD", got.Header.Get("Allow"), method)
		require.NotContains(t, got.body, token)
	}
}

// What the client gets wrong about its body is the client's fault, and no alarm.
func TestABodyThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	head := "POST /v1/syncs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b.token(t, auth.RoleOperator) + "\r\nContent-Type: application/json\r\nConnection: close\r\n"
	const body = `{"repository":"octo/mirror"}`
	for _, tt := range []struct {
		name, rest string
		status     int
	}{
		{"odd chunk", "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body + "\r\n0\r\n\r\n", 400},
		{"chunk too short", "Transfer-Encoding: chunked\r\n\r\n2\r\n" + body + "\r\n0\r\n\r\n", 400},
		{"compressed", "Content-Encoding: gzip\r\nContent-Length: 28\r\n\r\n" + body, 415},
		{"compressed twice", "Content-Encoding: identity, br\r\nContent-Length: 28\r\n\r\n" + body, 415},
		{"not compressed", "Content-Encoding: identity\r\nContent-Length: 28\r\n\r\n" + body, 202},
		{"two lengths", "Content-Length: 28\r\nContent-Length: 5\r\n\r\n" + body, 400},
		{"a length that is no number", "Content-Length: +28\r\n\r\n" + body, 400},
		{"in chunks", fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body), 202},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := b.raw(t, head+tt.rest)
			require.Equal(t, tt.status, got.StatusCode, got.body)
			require.NotContains(t, b.log.String(), `"level":"ERROR"`)
		})
	}
	// The connection that ends in the middle has nobody to answer to.
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", b.server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(conn, head+"Content-Length: 28\r\nX-Request-Id: cut-off\r\n\r\n"+body[:5])
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	require.Eventually(t, func() bool { return strings.Contains(b.log.String(), "cut-off") }, patience, time.Millisecond)
	require.NoError(t, conn.Close())
	require.NotContains(t, b.log.String(), `"level":"ERROR"`)
}

// A body that comes drop by drop is given up, and said so.
func TestABodyThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.raw(t, "POST /v1/syncs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+b.token(t, auth.RoleOperator)+
		"\r\nContent-Type: application/json\r\nContent-Length: 28\r\nConnection: close\r\n\r\n{")
	require.Equal(t, http.StatusRequestTimeout, got.StatusCode)
	require.Equal(t, "timeout", got.problem(t).Code)
}

func TestMediaTypesOfABody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	for contentType, status := range map[string]int{
		"application/json":                        202,
		"application/json; charset=utf-8":         202,
		"application/json;charset=\"UTF-8\"":      202,
		"Application/JSON":                        202,
		" application/json":                       202,
		"application/json; charset=iso-8859-1":    415,
		"application/json, text/plain":            415,
		"application/x-www-form-urlencoded":       415,
		"multipart/form-data; boundary=x":         415,
		"text/json":                               415,
		"application/xml":                         415,
		"application/problem+json":                415,
		"json":                                    415,
		"*/*":                                     415,
		"application/jsonp":                       415,
		"application/json-patch+json":             415,
		"application/json; charset=utf-8; q=\x80": 415,
	} {
		got := b.do(t, http.MethodPost, "/v1/syncs", token, strings.NewReader(`{"repository":"octo/mirror"}`), "Content-Type: "+contentType)
		require.Equal(t, status, got.StatusCode, "%q: %s", contentType, got.body)
	}
	twice := b.do(t, http.MethodPost, "/v1/syncs", token, strings.NewReader(`{"repository":"octo/mirror"}`),
		"Content-Type: application/json", "Content-Type: text/plain")
	require.Equal(t, http.StatusUnsupportedMediaType, twice.StatusCode)
}

// A client that waits to be told to send its body is not told so in vain.
func TestALargeBodyIsNotAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.raw(t, "POST /v1/syncs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+b.token(t, auth.RoleOperator)+
		"\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\nConnection: close\r\n\r\n")
	require.Equal(t, http.StatusRequestEntityTooLarge, got.StatusCode)
	require.Contains(t, got.problem(t).Detail, "64 KiB")
}

// Of two tokens nobody knows which one was looked at before.
func TestTwoTokensAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := "Authorization: Bearer " + b.token(t, auth.RoleReader)
	for _, second := range []string{good, "Authorization: Bearer x", "authorization: "} {
		got := b.do(t, http.MethodGet, "/v1/operations", "", nil, good, second)
		require.Equal(t, http.StatusUnauthorized, got.StatusCode)
		require.Contains(t, got.problem(t).Detail, "once")
	}
}

// What a stranger sends comes back, and into the log, cut off.
func TestLongNamesAreCutOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := strings.Repeat("n", 20000)
	for _, got := range []answer{
		b.do(t, http.MethodGet, "/"+long, "", nil),
		b.do(t, long, "/healthz", "", nil),
		b.do(t, http.MethodGet, "/healthz?"+long+"=1", "", nil),
		b.do(t, http.MethodGet, "/healthz?"+strings.Repeat("a&b&", 4000), "", nil),
	} {
		require.GreaterOrEqual(t, got.StatusCode, http.StatusBadRequest)
		got.problem(t)
		require.Less(t, len(got.body), 2000)
	}
	require.Less(t, len(b.log.String()), 8000)
}
