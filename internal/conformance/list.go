package conformance

import (
	"crypto/sha256"
	"encoding/json"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// inspectBody compares a body with its schema. Tests walk the same lists many times:
// an element in which nothing was found is not compared again.
func (d *Description) inspectBody(schema *openapi3.Schema, a Answer) []Finding {
	var elements []json.RawMessage
	if !listOfItems(schema) || json.Unmarshal(a.Body, &elements) != nil || elements == nil {
		return inspect(schema, a.Body)
	}
	var findings []Finding
	for i, element := range elements {
		key := sha256.Sum256(append([]byte(a.Template+" "+strconv.Itoa(a.Status)+" "), element...))
		if d.isClean(key) {
			continue
		}
		found := inspect(schema.Items.Value, element)
		if len(found) == 0 {
			d.setClean(key)
		}
		for _, f := range found {
			f.Pointer = place(nil).element(i).String() + f.Pointer
			findings = append(findings, f)
		}
	}
	return findings
}

// listOfItems tells whether a schema says nothing of a list but what its elements are.
func listOfItems(schema *openapi3.Schema) bool {
	return schema.Type.Is("array") && schema.Items != nil && schema.MinItems == 0 && schema.MaxItems == nil &&
		!schema.UniqueItems && len(schema.AllOf)+len(schema.AnyOf)+len(schema.OneOf) == 0 && schema.Not == nil
}

func (d *Description) isClean(key [sha256.Size]byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clean[key]
}

func (d *Description) setClean(key [sha256.Size]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clean[key] = true
}
