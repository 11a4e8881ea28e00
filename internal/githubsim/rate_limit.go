package githubsim

import (
	"net/http"
	"time"
)

// Limits of what the simulator does not serve, as GitHub has them in GET /rate_limit.
const (
	searchesAMinute          = 30
	anonymousSearchesAMinute = 10
	codeSearchesAMinute      = 10
	anonymousCodeSearches    = 60
)

// rateLimit answers GET /rate_limit.
func (s *Server) rateLimit(x *exchange) {
	if s.options.WithoutRateLimit {
		x.problem(http.StatusNotFound, "Rate limiting is not enabled.", "https://docs.github.com/rest"+x.route.docs)
		return
	}
	searches, codeSearches := searchesAMinute, codeSearchesAMinute
	if x.token == "" {
		searches, codeSearches = anonymousSearchesAMinute, anonymousCodeSearches
	}
	hour, minute := x.rate.reset, x.now.Add(s.options.minute())
	e := &x.enc
	e.raw(`{"resources":{"core":`).rate(x.rate)
	e.raw(`,"graphql":`).rate(x.account().look(queries, s.options.Window, x.now))
	for _, other := range []struct {
		name  string
		limit int
		reset time.Time
	}{
		{"search", searches, minute},
		{"code_search", codeSearches, minute},
		{"integration_manifest", userRequests, hour},
		{"source_import", 100, minute},
		{"code_scanning_autofix", 10, minute},
		{"actions_runner_registration", 10_000, hour},
		{"scim", 15_000, hour},
		{"dependency_snapshots", 100, minute},
		{"dependency_sbom", 100, minute},
	} {
		e.raw(`,"`).raw(other.name).raw(`":`).rate(rate{limit: other.limit, remaining: other.limit, reset: other.reset})
	}
	e.raw(`},"rate":`).rate(x.rate).raw("}")
}

func (e *encoder) rate(r rate) *encoder {
	e.raw(`{"limit":`).num(int64(r.limit)).raw(`,"used":`).num(int64(r.limit - r.remaining))
	return e.raw(`,"remaining":`).num(int64(r.remaining)).raw(`,"reset":`).num(r.reset.Unix()).raw("}")
}
