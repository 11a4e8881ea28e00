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

// What a client sends together with its handshake is not lost when the connection is taken
// over, also where it is longer than a stream's buffer.
func TestWhatComesWithTheHandshakeIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	for _, padding := range []int{0, 15} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", b.server.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		var frames strings.Builder
		for i := range padding + 1 {
			topic := "operation:" + op.ID
			if i < padding {
				topic = "nothing"
			}
			command := `{"type":"subscribe","topic":"` + topic + `"}`
			frames.Write([]byte{0x81, 0x80 | byte(len(command)), 0, 0, 0, 0}) // masked with zeros: RFC 6455, section 5.3
			frames.WriteString(command)
		}
		_, err = fmt.Fprintf(conn, "GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n%s", b.token(t, auth.RoleReader), frames.String())
		require.NoError(t, err)
		in := bufio.NewReader(conn)
		resp, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
		var read strings.Builder
		for !strings.Contains(read.String(), `{"type":"subscribed","topic":"operation:`+op.ID) {
			one, err := in.ReadByte()
			if err == io.EOF {
				break
			}
			require.NoError(t, err, read.String())
			read.WriteByte(one)
		}
		require.Contains(t, read.String(), `"topic":"operation:`+op.ID)
	}
}
