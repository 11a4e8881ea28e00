package githubsim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// graphqlRoute answers queries at /graphql and, as a GitHub Enterprise Server does,
// at /api/graphql.
var graphqlRoute = &route{name: "graphql", pattern: "graphql", docs: "/graphql"}

const (
	graphqlDocs = "https://docs.github.com/graphql"
	maxQuery    = 1 << 20
)

// isGraphQL tells a query from other requests.
func isGraphQL(req *http.Request) bool {
	path := strings.Trim(req.URL.Path, "/")
	return req.Method == http.MethodPost && (path == "graphql" || path == "api/graphql")
}

// pointsOf is the account of what a credential's queries cost, which is not the one
// of its requests.
func pointsOf(token string) string { return "graphql:" + token }

// graphql answers a query.
func (s *Server) graphql(x *exchange) {
	switch {
	case s.options.WithoutGraphQL:
		x.problem(http.StatusNotFound, "Not Found", graphqlDocs)
		return
	case x.token == "":
		x.problem(http.StatusUnauthorized, "This endpoint requires you to be authenticated.", graphqlDocs+"/guides/forming-calls-with-graphql#authenticating-with-graphql")
		return
	}
	var asked struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	body, err := io.ReadAll(io.LimitReader(x.req.Body, maxQuery))
	if err != nil || json.Unmarshal(body, &asked) != nil {
		x.problem(http.StatusBadRequest, "Problems parsing JSON", graphqlDocs)
		return
	}
	x.query = xxhash.Sum64(body)
	q, problems := parseQuery(asked.Query, asked.Variables)
	if len(problems) > 0 {
		x.enc.raw("{")
		x.enc.problems(problems)
		x.enc.raw("}")
		return
	}
	points, ok := s.limits.spend(pointsOf(x.token), s.options.GraphQLLimit, q.cost, s.options.Window, x.now)
	x.rate = points
	s.rateHeaders(x, points)
	if !ok {
		x.pointsLimit()
		s.limits.refuse(pointsOf(x.token), points.reset)
		return
	}
	run := execution{graphqlQuery: q, encoder: &x.enc}
	reading := &reading{}
	defer reading.end()
	run.raw(`{"data":`)
	run.object(s.graph(q, points, reading), q.operation.SelectionSet)
	if len(run.problems) > 0 {
		run.raw(",")
		run.encoder.problems(run.problems)
	}
	run.raw("}")
}

// pointsLimit is GitHub's refusal of a query whose credential has no points left.
func (x *exchange) pointsLimit() {
	x.enc.b = x.enc.b[:0]
	x.enc.raw("{")
	x.enc.problems([]graphqlError{{kind: "RATE_LIMITED", message: "API rate limit exceeded for user ID 583231."}})
	x.enc.raw("}")
}

// problems writes the errors of an answer.
func (e *encoder) problems(all []graphqlError) {
	e.raw(`"errors":[`)
	for i, p := range all {
		if i > 0 {
			e.raw(",")
		}
		e.raw(`{"message":`).str(p.message)
		if p.kind != "" {
			e.raw(`,"type":`).str(p.kind)
		}
		if p.code != "" {
			e.raw(`,"extensions":{"code":`).str(p.code).raw("}")
		}
		if len(p.path) > 0 {
			e.raw(`,"path":[`)
			for n, part := range p.path {
				if n > 0 {
					e.raw(",")
				}
				if name, ok := part.(string); ok {
					e.str(name)
				}
			}
			e.raw("]")
		}
		e.raw("}")
	}
	e.raw("]")
}

// spend takes points from a credential's window; false if there are not enough.
func (l *limits) spend(account string, limit, points int, window time.Duration, now time.Time) (rate, bool) {
	if _, ok := l.take(account, limit, window, now, true); !ok {
		return rate{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(account)
	if a.used+points > a.limit {
		a.used = a.limit
		return a.rate(), false
	}
	a.used += points
	return a.rate(), true
}
