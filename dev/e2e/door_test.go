package e2e_test

import (
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// door is a way to a server on which what is asked, or what is answered, can be held.
type door struct {
	address  string
	upstream string

	mu        sync.Mutex
	questions chan struct{} // closed: they pass
	answers   chan struct{}
}

func newDoor(t *testing.T, upstream string) *door {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	open := make(chan struct{})
	close(open)
	d := &door{address: listener.Addr().String(), upstream: upstream, questions: open, answers: open}
	t.Cleanup(func() {
		d.open()
		require.NoError(t, listener.Close())
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go d.join(conn)
		}
	}()
	return d
}

// holdQuestions lets nothing more through to the server, holdAnswers nothing back from it.
func (d *door) holdQuestions() { d.mu.Lock(); d.questions = make(chan struct{}); d.mu.Unlock() }
func (d *door) holdAnswers()   { d.mu.Lock(); d.answers = make(chan struct{}); d.mu.Unlock() }

// open lets everything through again.
func (d *door) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, way := range []chan struct{}{d.questions, d.answers} {
		select {
		case <-way:
		default:
			close(way)
		}
	}
}

func (d *door) join(in net.Conn) {
	out, err := net.Dial("tcp", d.upstream)
	if err != nil {
		_ = in.Close() // whoever called sees that
		return
	}
	go d.copy(out, in, func() chan struct{} { return d.questions })
	d.copy(in, out, func() chan struct{} { return d.answers })
}

// copy carries what comes while the way is open, and closes both ends after it.
func (d *door) copy(to, from net.Conn, way func() chan struct{}) {
	defer func() { _ = errors.Join(to.Close(), from.Close()) }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			d.mu.Lock()
			open := way()
			d.mu.Unlock()
			<-open
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
