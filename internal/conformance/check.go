package conformance

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Answer is what a GET or a HEAD was answered with, or a POST where there is no GET.
type Answer struct {
	Template string // the path in GitHub's description; see Description.Template
	Method   string // default: GET
	Status   int
	Header   http.Header
	Body     []byte
}

// Check compares an answer with the description. The error is of the description
// itself: it does not have the operation, or cannot be read.
func (d *Description) Check(a Answer) ([]Finding, error) {
	op, err := d.operation(a.Template)
	if err != nil {
		return nil, err
	}
	if a.ofLoadBalancer() {
		return nil, nil
	}
	response := op.response(a.Status)
	if response == nil {
		return []Finding{{
			Template: a.Template, Status: a.Status, Rule: RuleStatus, Value: string(a.Body),
			Problem: fmt.Sprintf("the operation does not answer with %d", a.Status),
		}}, nil
	}
	findings := checkHeaders(response, a)
	body, more := content(response, a)
	findings = append(findings, more...)
	if body != nil {
		findings = append(findings, d.inspectBody(body, a)...)
	}
	return excuse(findings, a.Template, a.Status, ""), nil
}

// CheckItem compares one element of the list that a template serves, or the one
// object where it serves no list.
func (d *Description) CheckItem(template string, raw []byte) ([]Finding, error) {
	op, err := d.operation(template)
	if err != nil {
		return nil, err
	}
	schema, at := op.item()
	if schema == nil {
		return nil, fmt.Errorf("GET %s has no JSON answer", template)
	}
	return excuse(inspect(schema, raw), template, http.StatusOK, at), nil
}

// response is what the operation answers with, by its description or in spite of it;
// nil if it does not.
func (o *operation) response(status int) *openapi3.Response {
	if ref := o.Responses.Status(status); ref != nil {
		return ref.Value
	}
	if more, ok := answered(o.template, status); ok {
		return o.components.Responses[more.response].Value
	}
	return nil
}

// item is the schema of what a list holds, or of the object that is answered, and
// where in the answer that is. A list may be the member of an object that counts it.
func (o *operation) item() (schema *openapi3.Schema, at string) {
	response := o.response(http.StatusOK)
	if response == nil || response.Content.Get("application/json") == nil {
		return nil, ""
	}
	schema = response.Content.Get("application/json").Schema.Value
	if schema.Items != nil {
		return schema.Items.Value, "/*"
	}
	if items := eachOf(schema.AnyOf); len(items) > 0 {
		return &openapi3.Schema{AnyOf: items}, "/*"
	}
	if _, counted := schema.Properties["total_count"]; counted {
		for name, member := range schema.Properties {
			if member.Value.Type.Is("array") {
				return member.Value.Items.Value, "/" + name + "/*"
			}
		}
	}
	return schema, ""
}

// eachOf is what lists hold of which an answer is one; none if they are no lists.
func eachOf(lists openapi3.SchemaRefs) (items openapi3.SchemaRefs) {
	for _, list := range lists {
		if list.Value.Items == nil {
			return nil
		}
		items = append(items, list.Value.Items)
	}
	return items
}

// checkHeaders looks at the headers that the operation names. A list of one page has
// no Link; every other header has to be there.
func checkHeaders(response *openapi3.Response, a Answer) []Finding {
	var findings []Finding
	for name, header := range response.Headers {
		value := a.Header.Get(name)
		problem := ""
		switch schema := header.Value.Schema.Value; {
		case value == "" && name != "Link":
			problem = "the header is missing"
		case value != "" && schema.Type.Is("integer"):
			if _, err := strconv.ParseInt(value, 10, 64); err != nil {
				problem = "the header is no integer"
			}
		}
		if problem != "" {
			findings = append(findings, Finding{Pointer: name, Rule: RuleHeader, Problem: problem, Value: value})
		}
	}
	return findings
}

// content is the schema that the body has to follow; nil if there is nothing to compare.
func content(response *openapi3.Response, a Answer) (*openapi3.Schema, []Finding) {
	switch {
	case a.Method == http.MethodHead || len(response.Content) == 0:
		if len(a.Body) > 0 {
			return nil, []Finding{{Rule: RuleMediaType, Problem: "there is a body where there is none", Value: string(a.Body)}}
		}
		return nil, nil
	default:
		media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
		described := response.Content[media] // Get would take a wildcard too
		if err != nil || described == nil {
			return nil, []Finding{{
				Pointer: "Content-Type", Rule: RuleMediaType, Value: a.Header.Get("Content-Type"),
				Problem: "GitHub answers with " + strings.Join(slices.Sorted(maps.Keys(response.Content)), " or "),
			}}
		}
		return described.Schema.Value, nil
	}
}
