package bench

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// largestFrame bounds one frame that is read, in bytes.
	largestFrame = 1 << 20
	// socketPatience bounds a handshake, and writing one frame.
	socketPatience = 30 * time.Second
)

// The opcodes of frames that are told apart. Source: RFC 6455, section 5.2.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// socket is the least that a WebSocket's client needs, so that thousands of them cost the
// machine next to nothing: what is measured is the server.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte // of the last frame's payload
}

// openSocket opens a WebSocket. Source: RFC 6455, section 4.1.
func openSocket(address, path, token string) (_ *socket, err error) {
	conn, err := net.DialTimeout("tcp", address, socketPatience)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, conn.Close())
		}
	}()
	if err := conn.SetDeadline(time.Now().Add(socketPatience)); err != nil {
		return nil, fmt.Errorf("bound the handshake: %w", err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", path, address, token); err != nil {
		return nil, fmt.Errorf("send the handshake: %w", err)
	}
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 1<<10)}
	response, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return nil, fmt.Errorf("read the handshake: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // a detail of the error
		return nil, fmt.Errorf("the handshake was answered with %s: %s", response.Status, said)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("unbound the socket: %w", err)
	}
	return s, nil
}

// read is the next text message; it answers pings. The bytes are good until the next read.
// It fails with io.EOF when the server closes.
func (s *socket) read() ([]byte, error) {
	for {
		opcode, payload, err := s.frame()
		switch {
		case err != nil:
			return nil, err
		case opcode == opText:
			return payload, nil
		case opcode == opClose:
			return nil, io.EOF
		case opcode == opPing:
			if err := s.write(opPong, payload); err != nil {
				return nil, err
			}
		}
	}
}

// frame reads a frame, which no extension has touched and which is whole.
func (s *socket) frame() (opcode byte, payload []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(s.in, head[:2]); err != nil {
		return 0, nil, err
	}
	if head[0]&0xF0 != 0x80 || head[1]&0x80 != 0 {
		return 0, nil, fmt.Errorf("a frame begins with %x", head[:2])
	}
	size := uint64(head[1])
	switch size {
	case 126:
		if _, err := io.ReadFull(s.in, head[2:4]); err != nil {
			return 0, nil, err
		}
		size = uint64(binary.BigEndian.Uint16(head[2:4]))
	case 127:
		if _, err := io.ReadFull(s.in, head[2:10]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(head[2:10])
	}
	if size > largestFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", size)
	}
	if uint64(cap(s.buf)) < size {
		s.buf = make([]byte, size)
	}
	s.buf = s.buf[:size]
	_, err = io.ReadFull(s.in, s.buf)
	return head[0] & 0x0F, s.buf, err
}

// write sends a frame of at most 64 KiB. Its mask is zero, which RFC 6455 allows: what it
// protects from are proxies.
func (s *socket) write(opcode byte, payload []byte) error {
	frame := []byte{0x80 | opcode, 0x80 | byte(len(payload)&0x7F)}
	if len(payload) > 125 {
		frame = binary.BigEndian.AppendUint16([]byte{0x80 | opcode, 0x80 | 126}, uint16(len(payload))) //nolint:gosec // at most 64 KiB
	}
	frame = append(append(frame, 0, 0, 0, 0), payload...)
	if err := s.conn.SetWriteDeadline(time.Now().Add(socketPatience)); err != nil {
		return fmt.Errorf("bound a frame: %w", err)
	}
	if _, err := s.conn.Write(frame); err != nil {
		return fmt.Errorf("send a frame: %w", err)
	}
	return nil
}

func (s *socket) close() error { return s.conn.Close() }
