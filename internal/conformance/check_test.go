package conformance

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a description with one operation of each kind that matters.
const small = `{
 "openapi": "3.0.3", "info": {"version": "1.2.3"},
 "paths": {
  "/counted": {"get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": {
    "type": "object", "required": ["total_count", "parts"], "properties": {"total_count": {"type": "integer"}, "parts": {"type": "array", "items": {
      "type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}}}}}}}}}},
  "/things/{thing_id}": {"get": {
   "externalDocs": {"url": "https://docs.example/things"},
   "responses": {
    "200": {"headers": {"Link": {"$ref": "#/components/headers/link"}, "X-Left": {"schema": {"type": "integer"}}},
     "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/thing"}}}}},
    "204": {"description": "nothing"}}}},
  "/one": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}}}}}},
  "/silent": {"get": {"responses": {"204": {"description": "nothing"}}}},
  "/broken": {"get": {"responses": {"200": {"$ref": "#/components/responses/nowhere"}}}},
  "/posted": {"post": {"responses": {"201": {"description": "made", "content": {"application/json": {"schema": {"type": "object"}}}}}}},
  "/put": {"put": {"responses": {}}}
 },
 "components": {
  "headers": {"link": {"schema": {"type": "string"}}},
  "responses": {
   "moved_permanently": {}, "not_modified": {}, "requires_authentication": {}, "forbidden": {}, "not_found": {
    "content": {"application/json": {"schema": {"type": "object", "properties": {"message": {"type": "string"}}}}}},
   "validation_failed": {}, "forbidden_gist": {}, "internal_error": {}, "gone": {}},
  "schemas": {
   "named": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
   "empty": {"type": "object", "additionalProperties": false},
   "thing": {
    "type": "object", "required": ["id"],
    "allOf": [{"$ref": "#/components/schemas/named"}],
    "properties": {
     "id": {"type": "integer", "format": "int64"},
     "at": {"type": "string", "format": "date-time", "nullable": true},
     "url": {"type": "string", "format": "uri"},
     "list_url": {"type": "string", "format": "uri-template"},
     "email": {"type": "string", "format": "email"},
     "state": {"type": "string", "enum": ["open", "closed"]},
     "owner": {"nullable": true, "oneOf": [{"$ref": "#/components/schemas/named"}, {"$ref": "#/components/schemas/empty"}]},
     "value": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"n": {"type": "integer"}}}]},
     "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
     "anything": {"type": "object"},
     "some": {"type": "object", "additionalProperties": true, "properties": {"n": {"type": "integer"}}},
     "parts": {"type": "array", "items": {"$ref": "#/components/schemas/named"}}}}}}}`

func describe(t *testing.T) *Description {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.json")
	require.NoError(t, os.WriteFile(path, []byte(small), 0o600))
	d, err := Load(path)
	require.NoError(t, err)
	return d
}

func TestItems(t *testing.T) {
	t.Parallel()
	d := describe(t)
	for item, want := range map[string]string{
		`{"id": 1, "name": "a"}`: "",
		`{"id": 1, "name": "a", "at": null, "owner": null, "parts": [], "anything": {"x": 1}, "counts": {"a": 1}, "some": {"n": 1, "x": 2}}`: "",
		`{"id": 1, "name": "a \":\\", "owner": {}, "value": {"n": 1}, "state": "open"}`:                                                      "",
		`{"id": 1, "name": "a", "owner": {"name": "b"}, "value": "x", "at": "2025-01-02T03:04:05Z", "email": "a@b.c"}`:                       "",
		`{"id": 1, "name": "a", "url": "https://a.b/c%20d?e=f#g", "list_url": "https://a.b/c{/d}{?e,f}"}`:                                    "",

		`{"name": "a"}`:             `/id: required: property "id" is missing`,
		`{"id": 1}`:                 `/name: required: property "name" is missing`,
		`{"id": "1", "name": "a"}`:  `/id: type: value must be an integer; the value is "1"`,
		`{"id": 1.5, "name": "a"}`:  `/id: type: value must be an integer; the value is 1.5`,
		`{"id": null, "name": "a"}`: `/id: nullable: Value is not nullable; the value is null`,
		`{"id": 1, "name": 2}`:      `/name: type: value must be a string; the value is 2`,
		`[]`:                        `type: value must be an object; the value is []`,
		`{"id": 1, "name": "a", "at": "yesterday"}`:                       `/at: format: string doesn't match the format "date-time": it is no time of RFC 3339; the value is "yesterday"`,
		`{"id": 1, "name": "a", "url": "/a"}`:                             `it is no absolute URI; the value is "/a"`,
		`{"id": 1, "name": "a", "url": "https://a/ü"}`:                    `a URI (RFC 3986) has no 'ü' in it`,
		`{"id": 1, "name": "a", "url": "https://a/{b}"}`:                  `a URI (RFC 3986) has no '{' in it`,
		`{"id": 1, "name": "a", "list_url": "https://a/{b"}`:              `a URI (RFC 3986) has no '{' in it`,
		`{"id": 1, "name": "a", "email": "A <a@b.c>"}`:                    `it is no address of RFC 5322`,
		`{"id": 1, "name": "a", "state": "ajar"}`:                         `/state: enum: value is not one of the allowed values ["open","closed"]; the value is "ajar"`,
		`{"id": 1, "name": "a", "owner": {"name": 1}}`:                    `/owner/name: type: value must be a string; the value is 1`,
		`{"id": 1, "name": "a", "owner": 1}`:                              `/owner: type: value must be an object; the value is 1`,
		`{"id": 1, "name": "a", "value": 1}`:                              `/value: anyOf: doesn't match any schema from "anyOf"; the value is 1`,
		`{"id": 1, "name": "a", "counts": {"a": "b"}}`:                    `/counts/a: type: value must be an integer; the value is "b"`,
		`{"id": 1, "name": "a", "parts": [{"name": "b"}, {}]}`:            `/parts/1/name: required: property "name" is missing`,
		`{"id": 1, "name": "a", "b": 1}`:                                  `/b: unknown: GitHub's description knows no such property; the value is 1`,
		`{"id": 1, "name": "a", "owner": {"name": "b","c":1}}`:            `/owner/c: unknown: GitHub's description knows no such property; the value is 1`,
		`{"id": 1, "name": "a", "value": {"n": 1, "m/~": 2}}`:             `/value/m~1~0: unknown: GitHub's description knows no such property; the value is 2`,
		`{"id": 1, "name": "a", "parts":[{"name":"b","c":[]}]}`:           `/parts/0/c: unknown: GitHub's description knows no such property; the value is []`,
		`{"id": 1, "name": "a", "name": "b"}`:                             `/name: duplicate: the name is there twice`,
		`{"id": 1, "name": "a", "parts": [{"name": ":", "name": "\":"}]}`: `/parts/0/name: duplicate: the name is there twice`,
		`{"id": 1, "name": "a"} {}`:                                       `syntax: read JSON: invalid character`,
		`{"id": 1, "name": "a"`:                                           `syntax: read JSON: unexpected end of JSON input`,
		`{"id": 1, "name": "a",}`:                                         `syntax: read JSON: invalid character`,
	} {
		findings, err := d.CheckItem("/things/{thing_id}", []byte(item))
		require.NoError(t, err)
		if want == "" {
			require.Empty(t, findings, item)
			continue
		}
		require.NotEmpty(t, findings, item)
		require.Contains(t, findings[0].String(), want, item)
		require.Contains(t, findings[0].String(), "GET /things/{thing_id}, status 200")
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	d := describe(t)
	const things = "/things/{thing_id}"
	json := "application/json; charset=utf-8"
	for name, tt := range map[string]struct {
		answer Answer
		left   string // the X-Left header
		media  string
		want   string
	}{
		"right":               {Answer{Template: things, Status: 200, Body: []byte(`[]`)}, "1", json, ""},
		"right object":        {Answer{Template: "/one", Status: 200, Body: []byte(`{"id": 1, "name": "a"}`)}, "", json, ""},
		"right head":          {Answer{Template: things, Status: 200, Method: http.MethodHead}, "1", json, ""},
		"right nothing":       {Answer{Template: things, Status: 204}, "", "", ""},
		"right anywhere":      {Answer{Template: things, Status: 404, Body: []byte(`{"message": "Not Found"}`)}, "", json, ""},
		"of a load balancer":  {Answer{Template: things, Status: 502, Body: []byte(`<html>`)}, "", "text/html", ""},
		"no such status":      {Answer{Template: things, Status: 202, Body: []byte(`[]`)}, "1", json, `status 202: status: the operation does not answer with 202; the value is "[]"`},
		"not at this path":    {Answer{Template: things, Status: 410, Body: []byte(`{}`)}, "1", json, `status 410: status: the operation does not answer with 410`},
		"JSON of nobody":      {Answer{Template: things, Status: 502, Body: []byte(`{}`)}, "", json, `the operation does not answer with 502`},
		"no header":           {Answer{Template: things, Status: 200, Body: []byte(`[]`)}, "", json, `X-Left: header: the header is missing`},
		"a header of letters": {Answer{Template: things, Status: 200, Body: []byte(`[]`)}, "many", json, `X-Left: header: the header is no integer; the value is "many"`},
		"another media type":  {Answer{Template: things, Status: 200, Body: []byte(`[]`)}, "1", "text/plain", `Content-Type: media type: GitHub answers with application/json; the value is "text/plain"`},
		"no media type":       {Answer{Template: things, Status: 200, Body: []byte(`[]`)}, "1", "", `Content-Type: media type`},
		"a body of a head":    {Answer{Template: things, Status: 200, Method: http.MethodHead, Body: []byte(`[]`)}, "1", json, `media type: there is a body where there is none`},
		"a body of nothing":   {Answer{Template: things, Status: 204, Body: []byte(`[]`)}, "", json, `media type: there is a body where there is none`},
		"an error unlike":     {Answer{Template: things, Status: 404, Body: []byte(`{"message": 1}`)}, "", json, `status 404, /message: type: value must be a string; the value is 1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.answer.Header = http.Header{}
			tt.answer.Header.Set("X-Left", tt.left)
			tt.answer.Header.Set("Content-Type", tt.media)
			findings, err := d.Check(tt.answer)
			require.NoError(t, err)
			if tt.want == "" {
				require.Empty(t, findings)
				return
			}
			require.Len(t, findings, 1)
			require.Contains(t, findings[0].String(), tt.want)
		})
	}
}

func TestAReportSaysTheSameOnce(t *testing.T) {
	t.Parallel()
	d := describe(t)
	findings, err := d.Check(Answer{
		Template: "/things/{thing_id}", Status: 200, Header: http.Header{"Content-Type": {"application/json"}, "X-Left": {"1"}},
		Body: []byte(`[{"id": 1, "name": "a"}, {"id": 2}, {"id": 3, "x": 1}, {"id": 4}]`),
	})
	require.NoError(t, err)
	require.Equal(t, `GET /things/{thing_id}, status 200, /1/name: required: property "name" is missing
GET /things/{thing_id}, status 200, /2/x: unknown: GitHub's description knows no such property; the value is 1
and 2 like these in other elements`, Report(findings))
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	d := describe(t)
	require.Equal(t, "1.2.3", d.Version())
	template, err := d.Template("things/{number}")
	require.NoError(t, err)
	require.Equal(t, "/things/{thing_id}", template)
	documentation, err := d.Documentation(template)
	require.NoError(t, err)
	require.Equal(t, "https://docs.example/things", documentation)
	for _, path := range []string{"/things", "/things/{a}/{b}", "/put"} {
		_, err = d.Template(path)
		require.ErrorIs(t, err, ErrUndescribed, path)
		_, err = d.Check(Answer{Template: path})
		require.ErrorIs(t, err, ErrUndescribed, path)
	}
	findings, err := d.Check(Answer{Template: "/posted", Status: 201, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("[]")})
	require.NoError(t, err)
	require.Len(t, findings, 1, "a POST stands for the path that has no GET")
	_, err = d.CheckItem("/silent", []byte("{}"))
	require.ErrorContains(t, err, "has no JSON answer")
	_, err = d.CheckItem("/broken", []byte("{}"))
	require.ErrorContains(t, err, "there is no responses nowhere")
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	for document, message := range map[string]string{
		`{`:                                     "unexpected end of JSON input",
		`{"openapi": "3.1.0", "paths": {}}`:     `its version is "3.1.0"`,
		`{"openapi": "3.0.3"}`:                  "no OpenAPI 3.0 document with paths",
		`{"openapi": "3.0.3", "paths": {"a":1}`: "unexpected end of JSON input",
	} {
		path := filepath.Join(t.TempDir(), "d.json")
		require.NoError(t, os.WriteFile(path, []byte(document), 0o600))
		_, err := Load(path)
		require.ErrorContains(t, err, message)
	}
}

func TestItemsOfAListThatIsAMember(t *testing.T) {
	t.Parallel()
	d := describe(t)
	findings, err := d.CheckItem("/counted", []byte(`{"id": 1}`))
	require.NoError(t, err)
	require.Empty(t, findings)
	findings, err = d.CheckItem("/counted", []byte(`{"total_count": 1}`))
	require.NoError(t, err)
	require.Len(t, findings, 2, "neither an id nor anything known")
}
