package githubsim

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hookMemory is how long GitHub lists deliveries and sends them again.
// Source: docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks.
const hookMemory = 72 * time.Hour

var (
	hookDeliveriesRoute = &route{name: "hook_deliveries", pattern: "hooks/#/deliveries", docs: "/repos/webhooks#list-deliveries-for-a-repository-webhook"}
	hookDeliveryRoute   = &route{name: "hook_delivery", pattern: "hooks/#/deliveries/#", docs: "/repos/webhooks#get-a-delivery-for-a-repository-webhook"}
	hookAttemptsRoute   = &route{name: "hook_attempts", pattern: "hooks/#/deliveries/#/attempts", docs: "/repos/webhooks#redeliver-a-delivery-for-a-repository-webhook"}
	hookRoutes          = []*route{hookDeliveriesRoute, hookDeliveryRoute, hookAttemptsRoute}
)

// matchHook finds the endpoint of a request about a hook's deliveries, whose numbers
// are the arguments: the hook's and the attempt's.
func matchHook(method, path string) (*route, target, []string) {
	owner, rest, ok := strings.Cut(path, "/hooks/")
	kind, of, named := strings.Cut(owner, "/")
	parts := strings.Split(rest, "/")
	if !ok || !named || kind != "repos" && kind != "orgs" || len(parts) < 2 || parts[1] != "deliveries" {
		return nil, target{}, nil
	}
	at := target{rest: of}
	read := method == http.MethodGet || method == http.MethodHead
	switch {
	case read && len(parts) == 2:
		return hookDeliveriesRoute, at, parts[:1]
	case read && len(parts) == 3:
		return hookDeliveryRoute, at, []string{parts[0], parts[2]}
	case method == http.MethodPost && len(parts) == 4 && parts[3] == "attempts":
		return hookAttemptsRoute, at, []string{parts[0], parts[2]}
	default:
		return nil, target{}, nil
	}
}

// hookAnswer answers for a hook. To those who may not manage hooks there is none.
func (s *Server) hookAnswer(x *exchange) {
	h := s.hook(x.path.rest, x.args[0])
	owner, name, _ := strings.Cut(x.path.rest, "/")
	switch {
	case h == nil || x.token == "" || !x.credential.owns(owner, name):
		x.notFound()
		return
	case !x.credential.permits(x.hookPermission()):
		x.inaccessible()
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	listed := slices.DeleteFunc(slices.Clone(h.attempts), func(a *attempt) bool { return a.at.Before(x.now.Add(-hookMemory)) })
	if x.route == hookDeliveriesRoute {
		x.hookDeliveries(listed)
		return
	}
	id, err := strconv.ParseInt(x.args[1], 10, 64)
	i := slices.IndexFunc(listed, func(a *attempt) bool { return a.id == id })
	switch {
	case err != nil || i < 0:
		x.notFound()
	case x.route == hookDeliveryRoute:
		x.enc.hookDelivery(listed[i], h.options.URL)
	default:
		h.send(listed[i].delivery, 0, true)
		x.status = http.StatusAccepted
		x.enc.raw("{}")
	}
}

// hookPermission is what an endpoint of hooks asks for: another one of an organization's.
func (x *exchange) hookPermission() string {
	if !strings.Contains(x.path.rest, "/") {
		return strings.Replace(x.route.accepts(), "repository_", "organization_", 1)
	}
	return x.route.accepts()
}

// hook is the one of that number of a repository or an organization, nil if there is none.
func (s *Server) hook(of, number string) *Hook {
	s.mu.RLock()
	repository := s.byName[strings.ToLower(of)]
	s.mu.RUnlock()
	all := s.hooksNow()
	i := slices.IndexFunc(all, func(h *Hook) bool {
		ofThis := h.of == 0 && sameName(h.options.Of, of) || repository != nil && h.of == repository.info.id
		return ofThis && decimal(h.id) == number
	})
	if i < 0 {
		return nil
	}
	return all[i]
}

// hookDeliveries lists attempts, newest first, in pages that a cursor leads to.
func (x *exchange) hookDeliveries(listed []*attempt) {
	params := x.req.URL.Query()
	size, err := strconv.Atoi(params.Get("per_page"))
	if err != nil || size < 1 {
		size = 30
	}
	size = min(size, 100)
	if cursor := params.Get("cursor"); cursor != "" {
		before, err := strconv.ParseInt(strings.TrimPrefix(cursor, "v1_"), 10, 64)
		if err != nil {
			x.problem(http.StatusUnprocessableEntity, "Invalid cursor", "https://docs.github.com/rest"+x.route.docs)
			return
		}
		listed = slices.DeleteFunc(listed, func(a *attempt) bool { return a.id >= before })
	}
	slices.Reverse(listed)
	shown := listed[:min(size, len(listed))]
	x.enc.raw("[")
	for n, a := range shown {
		if n > 0 {
			x.enc.raw(",")
		}
		x.enc.hookAttempt(a).raw("}")
	}
	x.enc.raw("]")
	if len(shown) < len(listed) {
		params.Set("cursor", "v1_"+decimal(shown[len(shown)-1].id))
		x.header.Set("Link", "<"+x.origin()+x.req.URL.Path+"?"+params.Encode()+`>; rel="next"`)
	}
}

// hookAttempt writes an attempt as lists have it, without the closing brace.
func (e *encoder) hookAttempt(a *attempt) *encoder {
	e.raw(`{"id":`).num(a.id).raw(`,"guid":`).str(a.guid).raw(`,"delivered_at":`).str(a.at.UTC().Format(time.RFC3339))
	e.raw(`,"redelivery":`).flag(a.again).raw(`,"duration":`).raw(strconv.FormatFloat(a.duration.Seconds(), 'f', 2, 64))
	e.raw(`,"status":`).str(a.said()).raw(`,"status_code":`).num(int64(a.status)).raw(`,"event":`).str(a.event)
	e.raw(`,"action":`).strOrNull(a.action).raw(`,"installation_id":null,"repository_id":`)
	if a.repository == 0 {
		e.raw("null")
	} else {
		e.num(a.repository)
	}
	return e.raw(`,"throttled_at":null`)
}

func (e *encoder) hookDelivery(a *attempt, url string) {
	e.hookAttempt(a).raw(`,"url":`).str(url).raw(`,"request":{"headers":`)
	e.headers(a.sent)
	e.raw(`,"payload":`).json(a.payload).raw(`},"response":{"headers":`)
	e.headers(a.header)
	e.raw(`,"payload":`).strOrNull(string(a.answer)).raw("}}")
}

// headers writes what was sent or answered; null where nothing was.
func (e *encoder) headers(h http.Header) {
	if h == nil {
		e.raw("null")
		return
	}
	e.raw("{")
	for n, name := range slices.Sorted(maps.Keys(h)) {
		if n > 0 {
			e.raw(",")
		}
		e.str(name).raw(":").str(h.Get(name))
	}
	e.raw("}")
}
