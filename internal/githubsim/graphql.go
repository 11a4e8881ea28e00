package githubsim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

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
	if isMutation(asked.Query) {
		x.account().mutates(&s.options, x.now)
	}
	q, problems := parseQuery(asked.Query, asked.Variables)
	if len(problems) > 0 {
		x.enc.raw("{")
		x.enc.problems(problems)
		x.enc.raw("}")
		return
	}
	points, ok := x.account().spend(queries, q.cost, s.options.Window, x.now)
	x.rate = points
	s.rateHeaders(x, points)
	if !ok && !s.options.WithoutRateLimit {
		s.refusePoints(x)
		return
	}
	run := execution{graphqlQuery: q, encoder: &x.enc}
	reading := &reading{credential: x.credential, showPublic: s.options.ShowPublic}
	defer reading.end()
	run.raw(`{"data":`)
	run.object(s.graph(q, points, reading), q.operation.SelectionSet)
	if len(run.problems) > 0 {
		run.raw(",")
		run.encoder.problems(run.problems)
	}
	run.raw("}")
}

// refusePoints refuses a query whose account has too few points left. GitHub calls that
// one or the other.
func (s *Server) refusePoints(x *exchange) {
	kind := "RATE_LIMITED"
	if s.options.Enforce {
		kind = pick(newRandom(s.options.Seed, uint64(s.refusals.Add(1))), []string{"RATE_LIMITED", "RATE_LIMIT"})
	}
	x.pointsLimit(kind)
	s.tell(x, LimitPoints, x.rate.reset)
}

// pointsLimit is GitHub's refusal of a query whose credential has no points left.
func (x *exchange) pointsLimit(kind string) {
	message := "API rate limit exceeded for " + x.account().who + "."
	if kind == "RATE_LIMIT" {
		message = "API rate limit already exceeded for " + x.account().who + "."
	}
	x.queryProblem(graphqlError{kind: kind, message: message})
}

// querySecondaryLimit is a refusal by the secondary limit in GraphQL's form.
func (x *exchange) querySecondaryLimit() {
	x.status = http.StatusOK
	x.queryProblem(graphqlError{message: x.secondaryMessage()})
}

// queryProblem makes an error the whole answer.
func (x *exchange) queryProblem(e graphqlError) {
	x.enc.b = x.enc.b[:0]
	x.enc.raw("{")
	x.enc.problems([]graphqlError{e})
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
