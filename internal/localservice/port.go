package localservice

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

const loopback = "127.0.0.1"

// FreePort is a TCP port of the loopback interface that nothing listens on.
//
// Nothing reserves it, but the system will not hand it out again for a minute: a
// connection that the listening side closed first stays in TIME_WAIT, which keeps
// the port from automatic choice and yet lets a server listen on it.
func FreePort() (int, error) {
	port, err := freePort()
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return port, nil
}

func freePort() (_ int, err error) {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dialled.Close()) }()
	accepted, err := l.Accept()
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, accepted.Close()
}

// PortFree tells whether the port of the loopback interface can be listened on.
func PortFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
