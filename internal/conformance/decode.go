package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// decode reads a JSON document, and tells where an object has a name twice, of which
// encoding/json keeps the last and says nothing.
func decode(body []byte) (value any, duplicates []string, err error) {
	if err := json.Unmarshal(body, &value); err != nil {
		return nil, nil, fmt.Errorf("read JSON: %w", err)
	}
	if members(value) == colons(body) {
		return value, nil, nil
	}
	// Reading one token after another takes several times as long.
	d := decoder{Decoder: json.NewDecoder(bytes.NewReader(body))}
	if value, err = d.value(nil); err != nil {
		return nil, nil, fmt.Errorf("read JSON: %w", err)
	}
	return value, d.duplicates, nil
}

// members is how many members the objects in a value have together.
func members(value any) (n int) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			n += members(element)
		}
	case map[string]any:
		n = len(value)
		for _, member := range value {
			n += members(member)
		}
	}
	return n
}

// colons is how many members are written in a valid document: each has one colon
// outside of strings.
func colons(body []byte) (n int) {
	quoted := false
	for i := 0; i < len(body); i++ {
		switch {
		case quoted && body[i] == '\\':
			i++
		case body[i] == '"':
			quoted = !quoted
		case !quoted && body[i] == ':':
			n++
		}
	}
	return n
}

// decoder notes every name that an object has twice.
type decoder struct {
	*json.Decoder
	duplicates []string
}

func (d *decoder) value(at place) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return d.object(at)
	case json.Delim('['):
		return d.array(at)
	default:
		return token, nil
	}
}

func (d *decoder) object(at place) (any, error) {
	members := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := fmt.Sprint(token)
		here := at.member(name)
		if _, twice := members[name]; twice {
			d.duplicates = append(d.duplicates, here.String())
		}
		if members[name], err = d.value(here); err != nil {
			return nil, err
		}
	}
	_, err := d.Token() // the closing brace
	return members, err
}

func (d *decoder) array(at place) (any, error) {
	elements := []any{}
	for d.More() {
		element, err := d.value(at.element(len(elements)))
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	_, err := d.Token() // the closing bracket
	return elements, err
}
