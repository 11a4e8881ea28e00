package githubsim

import (
	"cmp"
	"net"
	"net/http"
	"strconv"
	"time"
)

// strike waits as the plan wants and gives the fault to carry out, if any.
func (s *Server) strike(x *exchange) (Fault, bool) {
	wait, fault, hit := s.faults.Load().strike(x.route.name)
	if wait > 0 {
		s.stats.struck(FaultLatency)
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-x.req.Context().Done():
		}
	}
	if hit {
		x.fault = fault.Kind
		s.stats.struck(fault.Kind)
	}
	return fault, hit
}

// carryOut answers a request wrongly; false if the fault needs a real answer first.
func (s *Server) carryOut(x *exchange, f Fault) bool {
	switch f.Kind {
	case FaultStatus:
		x.serverError(cmp.Or(f.Status, http.StatusInternalServerError))
		x.send()
	case FaultTooManyRequests:
		x.problem(http.StatusTooManyRequests, "Too Many Requests", "https://docs.github.com/rest")
		s.refuseFor(x, f)
	case FaultSecondaryLimit:
		x.secondaryLimit(cmp.Or(f.Status, http.StatusForbidden))
		s.refuseFor(x, f)
	case FaultPrimaryLimit:
		x.rate = x.account().exhaust(x.resource())
		s.rateHeaders(x, x.rate)
		if x.route == graphqlRoute {
			x.status = http.StatusOK
			x.pointsLimit("RATE_LIMITED")
		} else {
			x.primaryLimit(cmp.Or(f.Status, http.StatusForbidden))
		}
		s.refuse(x, LimitPrimary, x.rate.reset)
	case FaultReset:
		x.reset()
	default:
		return false
	}
	return true
}

// refuseFor sends a refusal with the fault's Retry-After.
func (s *Server) refuseFor(x *exchange, f Fault) {
	wait := s.options.pause()
	if f.RetryAfter > 0 {
		wait = ceil(f.RetryAfter)
		x.header.Set("Retry-After", seconds(wait))
	}
	until := x.now.Add(wait)
	if f.RetryAfter > 0 && f.RetryAfterDate {
		until = ceilSecond(x.now.Add(wait)) // a date has whole seconds
		x.header.Set("Retry-After", until.UTC().Format(http.TimeFormat))
	}
	if f.Hold {
		x.account().hold(until)
	}
	s.refuse(x, LimitFault, until)
}

// serverError is what GitHub's edge or application says when it fails.
func (x *exchange) serverError(status int) {
	if status == http.StatusInternalServerError {
		x.problem(status, "Server Error", "https://docs.github.com/rest")
		return
	}
	x.status = status
	x.header.Set("Content-Type", "text/html; charset=utf-8")
	x.enc.raw("<html><head><title>").num(int64(status)).raw(" ").raw(http.StatusText(status))
	x.enc.raw("</title></head><body>We had issues producing the response to your request.</body></html>")
}

// cut sends half of the answer and ends the connection.
func (x *exchange) cut(f Fault) {
	x.headers()
	half := x.enc.b[:len(x.enc.b)/2]
	if f.Kind == FaultShortBody {
		x.header.Set("Content-Length", strconv.Itoa(len(x.enc.b)))
	}
	x.w.WriteHeader(x.status)
	_, _ = x.w.Write(half) // the client is meant to see a broken answer
	_ = http.NewResponseController(x.w).Flush()
	panic(http.ErrAbortHandler) // net/http's way to end a connection in the middle
}

// reset ends the connection with a TCP reset.
func (x *exchange) reset() {
	x.status = 0
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // not a TCP connection of its own: just end it
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only if the connection is gone already
	}
	_ = conn.Close()
}
