package conformance

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Description is GitHub's description of its API. It is safe for concurrent use.
type Description struct {
	version    string
	paths      map[string]map[string]json.RawMessage // by template, then by lower-case method
	components map[string]map[string]json.RawMessage // by kind, then by name
	templates  map[string]string                     // by template with nameless parameters
	webhooks   map[string]json.RawMessage            // by event and action: issues-opened

	mu         sync.Mutex
	operations map[string]*operation      // those that were asked for, by template
	clean      map[[sha256.Size]byte]bool // elements of lists in which nothing was found, by hash
}

// operation is a GET of one path, with all that its answers refer to.
type operation struct {
	*openapi3.Operation
	template   string
	components *openapi3.Components
}

// Load reads the description from a file. An operation's schemas are resolved when
// the operation is first asked for: the document has over a thousand operations, and
// resolving all takes seconds.
func Load(path string) (*Description, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read GitHub's description of its API: %w", err)
	}
	var document struct {
		OpenAPI string `json:"openapi"`
		Info    struct {
			Version string `json:"version"`
		} `json:"info"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
		Webhooks   map[string]json.RawMessage            `json:"x-webhooks"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("read GitHub's description of its API in %s: %w", path, err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.0.") || len(document.Paths) == 0 {
		return nil, fmt.Errorf("%s is no OpenAPI 3.0 document with paths: its version is %q", path, document.OpenAPI)
	}
	d := &Description{
		version: document.Info.Version, paths: document.Paths, components: document.Components, webhooks: document.Webhooks,
		templates: make(map[string]string, len(document.Paths)), operations: make(map[string]*operation),
		clean: make(map[[sha256.Size]byte]bool),
	}
	for template := range d.paths {
		d.templates[nameless(template)] = template
	}
	return d, nil
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

func nameless(template string) string { return parameter.ReplaceAllString(template, "{}") }

// Version is that of the description's release.
func (d *Description) Version() string { return d.version }

// ErrUndescribed is returned for a path that GitHub's description does not have.
var ErrUndescribed = errors.New("GitHub's description has no such path")

// Template is the path of GitHub's description that a path means which names its
// parameters otherwise: /repos/{owner}/{repo}/issues/{n} is …/issues/{issue_number}.
func (d *Description) Template(path string) (string, error) {
	template, ok := d.templates[nameless("/"+strings.TrimPrefix(path, "/"))]
	if !ok || d.described(template) == nil {
		return "", fmt.Errorf("GET %s: %w", path, ErrUndescribed)
	}
	return template, nil
}

// described is the GET of a template, or its POST where it has no GET.
func (d *Description) described(template string) json.RawMessage {
	if get := d.paths[template]["get"]; get != nil {
		return get
	}
	return d.paths[template]["post"]
}

// Documentation is the URL of the page that documents a template's GET, or its POST where
// it has no GET.
func (d *Description) Documentation(template string) (string, error) {
	op, err := d.operation(template)
	if err != nil || op.ExternalDocs == nil {
		return "", err
	}
	return op.ExternalDocs.URL, nil
}

// operation resolves the GET of a template, or its POST where it has no GET, once.
func (d *Description) operation(template string) (*operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if op, ok := d.operations[template]; ok {
		return op, nil
	}
	get := d.described(template)
	if get == nil {
		return nil, fmt.Errorf("GET %s: %w", template, ErrUndescribed)
	}
	op, err := d.resolve(template, get)
	if err != nil {
		return nil, fmt.Errorf("resolve GitHub's description of GET %s: %w", template, err)
	}
	d.operations[template] = op
	return op, nil
}

// resolve makes a small document of one operation and reads that.
func (d *Description) resolve(template string, get json.RawMessage) (*operation, error) {
	components, err := d.closure(get)
	if err != nil {
		return nil, err
	}
	small, err := json.Marshal(map[string]any{
		"openapi": "3.0.3", "info": map[string]string{"title": "GitHub", "version": d.version},
		"paths":      map[string]any{template: map[string]any{"get": get}},
		"components": components,
	})
	if err != nil {
		return nil, err
	}
	document, err := openapi3.NewLoader().LoadFromData(small)
	if err != nil {
		return nil, err
	}
	return &operation{document.Paths.Value(template).Get, template, document.Components}, nil
}

var reference = regexp.MustCompile(`"\$ref":\s*"#/components/([a-z]+)/([^"]+)"`)

// closure is every component that the operation and the answers of all operations
// refer to, directly or by way of another.
func (d *Description) closure(get json.RawMessage) (map[string]map[string]json.RawMessage, error) {
	components := map[string]map[string]json.RawMessage{}
	var add func(kind, name string) error
	follow := func(raw json.RawMessage) error {
		for _, found := range reference.FindAllSubmatch(raw, -1) {
			if err := add(string(found[1]), string(found[2])); err != nil {
				return err
			}
		}
		return nil
	}
	add = func(kind, name string) error {
		if _, known := components[kind][name]; known {
			return nil
		}
		raw, ok := d.components[kind][name]
		if !ok {
			return fmt.Errorf("there is no %s %s", kind, name)
		}
		if components[kind] == nil {
			components[kind] = map[string]json.RawMessage{}
		}
		components[kind][name] = raw
		return follow(raw)
	}
	for _, a := range answers {
		if err := add("responses", a.response); err != nil {
			return nil, err
		}
	}
	return components, follow(get)
}
