package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Rule is what a finding breaks: OpenAPI's own word for it where there is one, such
// as type, required, format, enum or oneOf, or one of those below.
type Rule string

// Rules that JSON Schema has not.
const (
	RuleStatus     Rule = "status"     // the operation does not answer with it
	RuleHeader     Rule = "header"     // a header is missing or not of its type
	RuleMediaType  Rule = "media type" // of the body
	RuleSyntax     Rule = "syntax"     // the body is no JSON
	RuleDuplicate  Rule = "duplicate"  // a name that an object has twice
	RuleUnknown    Rule = "unknown"    // a property that the description does not know
	RuleRequired   Rule = "required"
	maxValueLength      = 200 // of a value in a message
)

// Finding is one place in which an answer is not GitHub's.
type Finding struct {
	Template string // the path in GitHub's description
	Status   int
	Pointer  string // JSON pointer into the body, or the name of a header
	Rule     Rule
	Problem  string
	Value    any // what is there
}

// String is one line: the operation, the place, what is wrong and the value.
func (f Finding) String() string {
	line := fmt.Sprintf("GET %s, status %d", f.Template, f.Status)
	if f.Pointer != "" {
		line += ", " + f.Pointer
	}
	line += fmt.Sprintf(": %s: %s", f.Rule, f.Problem)
	if f.Rule == RuleRequired || f.Rule == RuleDuplicate {
		return line
	}
	value, err := json.Marshal(f.Value)
	if err != nil {
		return line
	}
	if len(value) > maxValueLength {
		value = append(value[:maxValueLength:maxValueLength], "…"...)
	}
	return line + "; the value is " + string(value)
}

// Report is the findings, one a line; the same place in many elements of a list is
// told once.
func Report(findings []Finding) string {
	var lines []string
	seen := map[string]int{}
	for _, f := range findings {
		key := f.Template + " " + string(f.Rule) + " " + anyElement(f.Pointer)
		if seen[key]++; seen[key] == 1 {
			lines = append(lines, f.String())
		}
	}
	if more := len(findings) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d like these in other elements", more))
	}
	return strings.Join(lines, "\n")
}
