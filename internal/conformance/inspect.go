package conformance

import (
	"cmp"
	"errors"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// inspect compares a JSON document with a schema.
func inspect(schema *openapi3.Schema, body []byte) []Finding {
	value, duplicates, err := decode(body)
	if err != nil {
		return []Finding{{Rule: RuleSyntax, Problem: err.Error(), Value: string(body)}}
	}
	var findings []Finding
	for _, pointer := range duplicates {
		findings = append(findings, Finding{Pointer: pointer, Rule: RuleDuplicate, Problem: "the name is there twice"})
	}
	findings = append(findings, broken(visit(schema, value))...)
	findings = append(findings, extras([]*openapi3.Schema{schema}, value, nil)...)
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Pointer, b.Pointer) })
	return findings
}

// visit compares a value with a schema as OpenAPI defines it, formats included.
func visit(schema *openapi3.Schema, value any) error {
	return schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.WithStringFormatValidators(formats))
}

// broken are the findings in an error of visit.
func broken(err error) []Finding {
	if err == nil {
		return nil
	}
	if many, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // its As finds the first of many
		var findings []Finding
		for _, one := range many {
			findings = append(findings, broken(one)...)
		}
		return findings
	}
	var schemaError *openapi3.SchemaError
	if !errors.As(err, &schemaError) {
		return []Finding{{Rule: RuleSyntax, Problem: err.Error()}}
	}
	at := place(schemaError.JSONPointer()).String()
	if branches := alternatives(schemaError); len(branches) > 0 {
		return closest(branches, at, schemaError.SchemaField == "allOf")
	}
	f := Finding{Pointer: at, Rule: Rule(schemaError.SchemaField), Problem: schemaError.Reason, Value: schemaError.Value}
	if f.Rule == "format" && schemaError.Origin != nil {
		f.Problem = schemaError.Origin.Error()
	}
	return []Finding{f}
}

// alternatives are the errors of the schemas that an allOf or a oneOf combines.
func alternatives(err *openapi3.SchemaError) openapi3.MultiError {
	// Origin wraps a type that is not exported, which wraps the errors.
	branches, _ := errors.Unwrap(errors.Unwrap(err.Origin)).(openapi3.MultiError) //nolint:errorlint // as above
	return branches
}

// closest is what is wrong with all schemas, or with the one that the value was
// most likely meant to follow: of those for its type, the one with the fewest findings.
func closest(branches openapi3.MultiError, at string, all bool) []Finding {
	var findings []Finding
	var best []Finding
	for _, branch := range branches {
		found := broken(branch)
		findings = append(findings, found...)
		otherType := slices.ContainsFunc(found, func(f Finding) bool { return f.Pointer == at && f.Rule == "type" })
		if !otherType && (best == nil || len(found) < len(best)) {
			best = found
		}
	}
	if all || best == nil {
		return findings
	}
	return best
}

// extras are the properties that no schema of a value knows.
func extras(schemas []*openapi3.Schema, value any, at place) []Finding {
	var findings []Finding
	leaves := applied(schemas, value)
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			findings = append(findings, extras(items(leaves), element, at.element(i))...)
		}
	case map[string]any:
		for name, member := range value {
			known, open := properties(leaves, name)
			switch here := at.member(name); {
			case len(known) > 0:
				findings = append(findings, extras(known, member, here)...)
			case !open:
				findings = append(findings, Finding{
					Pointer: here.String(), Rule: RuleUnknown, Problem: "GitHub's description knows no such property", Value: member,
				})
			}
		}
	}
	return findings
}

// applied are the schemas that a value follows: those that are combined by allOf,
// and of alternatives the ones that it matches.
func applied(schemas []*openapi3.Schema, value any) []*openapi3.Schema {
	var leaves []*openapi3.Schema
	for _, schema := range schemas {
		leaves = append(leaves, schema)
		for _, part := range schema.AllOf {
			leaves = append(leaves, applied([]*openapi3.Schema{part.Value}, value)...)
		}
		for _, part := range slices.Concat(schema.OneOf, schema.AnyOf) {
			if visit(part.Value, value) == nil {
				leaves = append(leaves, applied([]*openapi3.Schema{part.Value}, value)...)
			}
		}
	}
	return leaves
}

func items(leaves []*openapi3.Schema) []*openapi3.Schema {
	var all []*openapi3.Schema
	for _, leaf := range leaves {
		if leaf.Items != nil {
			all = append(all, leaf.Items.Value)
		}
	}
	return all
}

// properties are the schemas of a property. Any property is right where a schema
// says so, or where none says what there is.
func properties(leaves []*openapi3.Schema, name string) (known []*openapi3.Schema, open bool) {
	open = true
	for _, leaf := range leaves {
		if property := leaf.Properties[name]; property != nil {
			known = append(known, property.Value)
		}
		additional := leaf.AdditionalProperties
		if additional.Schema != nil {
			known = append(known, additional.Schema.Value)
		}
		if additional.Has != nil && *additional.Has {
			return known, true
		}
		if len(leaf.Properties) > 0 || additional.Has != nil {
			open = false
		}
	}
	return known, open
}
