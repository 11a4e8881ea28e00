package progress

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a client and Redis, so that a test can take Redis away
// and give it back at the same address, whichever Redis it is.
type proxy struct {
	target, addr string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]struct{}
	wait     sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{target: target, addr: "127.0.0.1:0", conns: map[net.Conn]struct{}{}}
	p.start(t)
	t.Cleanup(p.stop)
	return p
}

// start listens, at the same address as before.
func (p *proxy) start(t *testing.T) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", p.addr)
	require.NoError(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener, p.addr = l, l.Addr().String()
	p.wait.Go(func() { p.accept(l) })
}

// stop refuses new connections and cuts those that there are.
func (p *proxy) stop() {
	p.mu.Lock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.wait.Wait()
}

func (p *proxy) accept(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			in.Close()
			continue
		}
		p.join(in, out)
	}
}

// join copies both ways until either side ends.
func (p *proxy) join(in, out net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		in.Close()
		out.Close()
		return
	}
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		p.conns[pair[0]] = struct{}{}
		p.wait.Go(func() {
			io.Copy(pair[1], pair[0]) //nolint:errcheck // a cut connection is the point
			pair[0].Close()
			pair[1].Close()
			p.mu.Lock()
			delete(p.conns, pair[0])
			p.mu.Unlock()
		})
	}
}
