package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"

	"github.com/holdfast/holdfast/internal/operation"
)

// entrance is around the routes by which people sign in, who have no token yet: they are
// bounded by the address that they come from.
func (a *API) entrance(next http.Handler) http.Handler {
	next = limited(a, a.opts.EntranceThrottle, func(r *http.Request) string { return "address:" + network(r.RemoteAddr) }, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if info := requestOf(r.Context()); info != nil {
			info.entering = r
		}
		next.ServeHTTP(w, r)
	})
}

// network is what counts as one address: of IPv6 the 64 bits that a subscriber is given.
func network(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return address.String()
	}
	return prefix.String()
}

// refuseEntrance is the answer to who is not let in. It is recorded.
func (a *API) refuseEntrance(ctx context.Context, why string) *Problem {
	a.recordRefusal(ctx, why)
	return unauthorized(ctx, why, "")
}

// recordRefusal keeps that somebody was not let in.
func (a *API) recordRefusal(ctx context.Context, why string) {
	a.logger(ctx).InfoContext(ctx, "nobody was let in", "why", why)
	if info := requestOf(ctx); info != nil && info.entering != nil {
		a.auditRefusal(info.entering, why)
	}
}

// sentenceOf is what an error says to people.
func sentenceOf(err error) string {
	var e *operation.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "That is not possible."
}

// auditEntrance keeps who signed in or out, or why a session of theirs was ended.
func (a *API) auditEntrance(ctx context.Context, e operation.Exchange, why string) {
	info := requestOf(ctx)
	if info == nil || info.entering == nil {
		return
	}
	event := a.auditEvent(info.entering, e.WorkspaceID)
	event.Refused = why
	if why == "" {
		event.Subject = e.Login
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
	defer cancel()
	if err := a.opts.Audit.RecordAudit(late, event); err != nil {
		a.logger(ctx).WarnContext(ctx, "it was not recorded who signed in or out", "session", e.SessionID, "error", err)
	}
}
