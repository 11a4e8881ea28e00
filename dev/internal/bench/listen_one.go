package bench

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// listening is one listener.
type listening struct {
	crowd     *crowd
	operation int
	at        int // of the addresses

	mu     sync.Mutex
	socket *socket
	seq    atomic.Int64 // of the last event

	latencies              []int64
	lost, doubled, skipped int64
	droppedAt, resumedAt   int64 // microseconds
	err                    error
}

// connect opens the stream and subscribes, from where the listener is.
func (l *listening) connect() error {
	who := l.crowd.who
	s, err := openSocket(who.Addresses[l.at], "/v1/stream", who.Tokens[l.operation])
	if err != nil {
		return err
	}
	subscribe := `{"type":"subscribe","topic":"operation:` + who.Operations[l.operation] + `"`
	if seq := l.seq.Load(); seq > 0 {
		subscribe += `,"cursor":"` + strconv.FormatInt(seq, 10) + `"`
	}
	if err := s.write(opText, []byte(subscribe+"}")); err != nil {
		return errors.Join(err, s.close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket = s
	if l.crowd.ending.Load() {
		return s.close()
	}
	return nil
}

// first reads until the snapshot.
func (l *listening) first() error {
	for {
		message, err := l.socket.read()
		switch {
		case err != nil:
			return fmt.Errorf("wait for the snapshot: %w", err)
		case bytes.HasPrefix(message, []byte(`{"type":"snapshot"`)):
			l.seq.Store(numberAfter(message, `"cursor":"`))
			return nil
		case bytes.HasPrefix(message, []byte(`{"type":"error"`)):
			return fmt.Errorf("instead of a snapshot: %s", message)
		}
	}
}

// run reads until the end, and connects again wherever the stream ends before.
func (l *listening) run() {
	for {
		message, err := l.socket.read()
		if err == nil {
			l.take(message)
			continue
		}
		if l.crowd.ending.Load() {
			return
		}
		if l.droppedAt == 0 {
			l.droppedAt = time.Now().UnixMicro()
		}
		l.hangUp()
		if !l.again() {
			return
		}
	}
}

// again connects to the next address until it takes the listener. No goroutine of the
// listeners does anything else meanwhile.
func (l *listening) again() bool {
	for until := time.Now().Add(finishPatience); time.Now().Before(until); {
		if l.crowd.ending.Load() {
			return false
		}
		l.at = (l.at + 1) % len(l.crowd.who.Addresses)
		if l.err = l.connect(); l.err == nil {
			return true
		}
		<-time.After(reopenPause)
	}
	return false
}

// take counts a message.
func (l *listening) take(message []byte) {
	now := time.Now().UnixMicro()
	switch {
	case bytes.HasPrefix(message, []byte(`{"type":"collection"`)), bytes.HasPrefix(message, []byte(`{"type":"state"`)):
	case bytes.HasPrefix(message, []byte(`{"type":"subscribed"`)):
		if l.droppedAt > 0 {
			l.resumedAt = now
		}
		return
	case bytes.HasPrefix(message, []byte(`{"type":"snapshot"`)):
		l.lost += numberAfter(message, `"cursor":"`) - l.seq.Load() // it was to go on
		return
	default:
		return
	}
	seq, skipped := numberAfter(message, `"cursor":"`), numberAfter(message, `"skipped":`)
	switch before := l.seq.Load(); {
	case seq <= before:
		l.doubled++
		return
	default:
		l.lost += seq - before - 1 - skipped
		l.skipped += skipped
	}
	l.seq.Store(seq)
	// The total of the work is when the event was made.
	if at := numberAfter(message, `"total":`); l.crowd.began.Load() > 0 && at >= l.crowd.began.Load() {
		l.latencies = append(l.latencies, now-at)
	}
}

func (l *listening) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.socket != nil {
		_ = l.socket.close() // it has ended either way
	}
}

// numberAfter is the number that follows a text, 0 where there is none.
func numberAfter(message []byte, name string) (n int64) {
	_, rest, found := bytes.Cut(message, []byte(name))
	if !found {
		return 0
	}
	for _, b := range rest {
		if b < '0' || b > '9' {
			break
		}
		n = n*10 + int64(b-'0')
	}
	return n
}
