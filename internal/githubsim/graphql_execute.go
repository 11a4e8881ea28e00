package githubsim

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// vertex is an object of the graph: its type and what its fields hold. A field is
// another vertex, a list of them, a function that writes a scalar, or nil for null.
type vertex struct {
	kind   string
	fields func(name string, args map[string]any) any
}

// scalar writes one value.
type scalar func(*encoder)

// execution writes the answer to a query.
type execution struct {
	*graphqlQuery
	*encoder
	problems []graphqlError
	path     []any
}

// object writes what is selected of a vertex.
func (x *execution) object(v *vertex, selection ast.SelectionSet) {
	x.raw("{")
	for n, f := range x.collect(nil, v.kind, selection) {
		if n > 0 {
			x.raw(",")
		}
		x.str(f.name).raw(":")
		x.field(v, f)
	}
	x.raw("}")
}

func (x *execution) field(v *vertex, f collected) {
	x.path = append(x.path, f.name)
	defer func() { x.path = x.path[:len(x.path)-1] }()
	if f.fields[0].Name == "__typename" {
		x.str(v.kind)
		return
	}
	x.value(v.fields(f.fields[0].Name, f.fields[0].ArgumentMap(x.variables)), f.selection())
}

func (x *execution) value(value any, selection ast.SelectionSet) {
	switch value := value.(type) {
	case scalar:
		value(x.encoder)
	case *vertex:
		if value == nil {
			x.raw("null")
			return
		}
		x.object(value, selection)
	case []*vertex:
		x.raw("[")
		for i, v := range value {
			if i > 0 {
				x.raw(",")
			}
			x.object(v, selection)
		}
		x.raw("]")
	case graphqlError:
		value.path = slices.Clone(x.path)
		x.problems = append(x.problems, value)
		x.raw("null")
	default:
		x.raw("null")
	}
}

// collected is what a query asks for under one name.
type collected struct {
	name   string
	fields []*ast.Field
}

func (c collected) selection() (all ast.SelectionSet) {
	for _, f := range c.fields {
		all = append(all, f.SelectionSet...)
	}
	return all
}

// collect gathers the fields of a selection that concern a type, those of fragments
// included. Source: spec.graphql.org/October2021/#CollectFields().
func (x *execution) collect(into []collected, kind string, selection ast.SelectionSet) []collected {
	for _, s := range selection {
		switch s := s.(type) {
		case *ast.Field:
			at := slices.IndexFunc(into, func(c collected) bool { return c.name == s.Alias })
			if at < 0 {
				into = append(into, collected{name: s.Alias})
				at = len(into) - 1
			}
			into[at].fields = append(into[at].fields, s)
		case *ast.InlineFragment:
			if x.concerns(s.TypeCondition, kind) {
				into = x.collect(into, kind, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if x.concerns(s.Definition.TypeCondition, kind) {
				into = x.collect(into, kind, s.Definition.SelectionSet)
			}
		}
	}
	return into
}

func (x *execution) concerns(condition, kind string) bool {
	if condition == "" || condition == kind {
		return true
	}
	return slices.ContainsFunc(x.schema.GetPossibleTypes(x.schema.Types[condition]), func(d *ast.Definition) bool { return d.Name == kind })
}

func isConnection(kind string) bool { return strings.HasSuffix(kind, "Connection") }

// integer reads a number out of an argument; ok is false if it is none.
func integer(v any) (n int64, ok bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		return int64(v), true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	default:
		return 0, false
	}
}
