package githubsim

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

//go:embed schema.graphql
var schemaText string

// graphqlSchema is the schema of the GraphQL endpoint, read once.
var graphqlSchema = sync.OnceValue(func() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
})

// graphqlQuery is a query that was found to be right.
type graphqlQuery struct {
	schema    *ast.Schema
	document  *ast.QueryDocument
	operation *ast.OperationDefinition
	variables map[string]any
	nodes     int // that it may bring at most
	cost      int // in points
}

// The bounds of a query. Source:
// docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api.
const (
	maxNodes       = 500_000
	maxFirst       = 100
	connectionsOfA = 100 // connections that a point pays for
)

// graphqlError is an error of GraphQL's in GitHub's words.
type graphqlError struct {
	kind    string // type: NOT_FOUND, RATE_LIMITED, …; empty for a query that is wrong
	code    string // in the extensions
	message string
	path    []any
}

// parseQuery reads a query and counts what it may cost.
func parseQuery(text string, variables map[string]any) (*graphqlQuery, []graphqlError) {
	q := &graphqlQuery{schema: graphqlSchema()}
	var problems gqlerror.List
	if q.document, problems = gqlparser.LoadQueryWithRules(q.schema, text, nil); len(problems) > 0 {
		var all []graphqlError
		for _, p := range problems {
			all = append(all, graphqlError{code: p.Rule, message: p.Message})
		}
		return nil, all
	}
	if len(q.document.Operations) != 1 || q.document.Operations[0].Operation != ast.Query {
		return nil, []graphqlError{{message: "An operation name is required, or it is no query"}}
	}
	q.operation = q.document.Operations[0]
	var err error
	if q.variables, err = validator.VariableValues(q.schema, q.operation, variables); err != nil {
		return nil, []graphqlError{{code: "variableMismatch", message: err.Error()}}
	}
	connections, problem := q.count(q.operation.SelectionSet, 1)
	if problem != nil {
		return nil, []graphqlError{*problem}
	}
	if q.nodes > maxNodes {
		return nil, []graphqlError{{kind: "MAX_NODE_LIMIT_EXCEEDED", message: fmt.Sprintf(
			"This query requests up to %d possible nodes which exceeds the maximum limit of %d.", q.nodes, maxNodes)}}
	}
	q.cost = max((connections+connectionsOfA/2)/connectionsOfA, 1)
	return q, nil
}

// isMutation tells whether a text asks GitHub to change something.
func isMutation(text string) bool {
	document, err := parser.ParseQuery(&ast.Source{Input: text})
	return err == nil && slices.ContainsFunc(document.Operations, func(o *ast.OperationDefinition) bool { return o.Operation == ast.Mutation })
}

// count adds up the nodes that a selection may bring, times over, and gives how many
// requests for connections that takes.
func (q *graphqlQuery) count(selection ast.SelectionSet, times int) (connections int, problem *graphqlError) {
	for _, s := range selection {
		within, inner := times, ast.SelectionSet(nil)
		switch s := s.(type) {
		case *ast.InlineFragment:
			inner = s.SelectionSet
		case *ast.FragmentSpread:
			inner = s.Definition.SelectionSet
		case *ast.Field:
			inner = s.SelectionSet
			if nodes := s.Definition.Type.Name(); isConnection(nodes) {
				first, ok := q.first(s)
				if ok && (first < 1 || first > maxFirst) || !ok && wantsNodes(s.SelectionSet) {
					return 0, &graphqlError{kind: "MISSING_PAGINATION_BOUNDARIES", message: fmt.Sprintf(
						"You must provide a `first` or `last` value of 1 to %d to properly paginate the `%s` connection.", maxFirst, s.Name)}
				}
				connections += times
				within = times * first
				q.nodes += within
			}
		}
		more, problem := q.count(inner, within)
		if problem != nil {
			return 0, problem
		}
		connections += more
	}
	return connections, nil
}

// first is the argument of that name, if there is one.
func (q *graphqlQuery) first(f *ast.Field) (int, bool) {
	n, ok := integer(f.ArgumentMap(q.variables)["first"])
	return int(n), ok
}

func wantsNodes(selection ast.SelectionSet) bool {
	for _, s := range selection {
		switch s := s.(type) {
		case *ast.Field:
			if s.Name == "nodes" {
				return true
			}
		case *ast.FragmentSpread:
			if wantsNodes(s.Definition.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if wantsNodes(s.SelectionSet) {
				return true
			}
		}
	}
	return false
}
