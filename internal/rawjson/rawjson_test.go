package rawjson_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/rawjson"
)

var documents = []string{
	``, ` `, `null`, `true`, `false`, `nul`, `truex`, `-`, `-0`, `01`, `0`, `1.`, `1.5`, `.5`, `1e`, `1e+`, `1E-7`, `12345678901234567890`,
	`""`, `"a`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\u+123"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83d\ud83d\ude00"`,
	`"\ud83dx"`, `"\/\b\f\n\r\t\"\\"`, "\"\n\"", "\"\x00\"", "\"\xff\"", "\"a\xc3\"", "\"\u2028é😀\"", `"\u0000"`, "\ufeff{}",
	`[]`, `[ ]`, `[,]`, `[1,]`, `[1 2]`, `[1,[2,[3]]]`, `[`, `]`, `[1}`, `{}`, `{ }`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a" : 1 , "b":[ ] }`,
	`{"b":1,"a":2}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":{"x":2}}`, `{"é":1,"\u00e9":2}`, `{"a\/b":1}`, "{\"\xff\":1}", `{"":0}`, `1 2`, `{} {}`, "\t{\r\n}\n", `[1e400]`, `[1e1001]`, `[1e-1001]`,
}

// tree reads a value as encoding/json does with UseNumber.
func tree(d *rawjson.Document, v rawjson.Value) any {
	switch d.Kind(v) {
	case rawjson.Object:
		out := map[string]any{}
		for c := range d.Children(v) {
			out[string(d.Name(c))] = tree(d, c)
		}
		return out
	case rawjson.Array:
		out := []any{}
		for c := range d.Children(v) {
			out = append(out, tree(d, c))
		}
		return out
	case rawjson.String:
		return string(d.Text(v))
	case rawjson.Number:
		return json.Number(d.Text(v))
	case rawjson.True, rawjson.False:
		return d.Kind(v) == rawjson.True
	case rawjson.Null:
	}
	return nil
}

// check holds a document against encoding/json.
func check(t require.TestingT, raw []byte) {
	var d rawjson.Document
	err := d.Parse(raw)
	require.Equal(t, json.Valid(raw), err == nil, "%q: %v", raw, err)
	if err != nil {
		return
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var want any
	require.NoError(t, decoder.Decode(&want))
	require.Equal(t, want, tree(&d, d.Root()), "%q", raw)

	// What is written reads the same.
	written := d.Append(nil, d.Root())
	var again rawjson.Document
	require.NoError(t, again.Parse(written))
	require.Equal(t, want, tree(&again, again.Root()))
	require.Equal(t, canonical(&d, d.Root()), canonical(&again, again.Root()))

	storable := d.AppendStorable(nil, d.Root())
	require.NoError(t, again.Parse(storable), "%q", storable)
	require.True(t, again.Storable(), "%q", storable)
	require.True(t, utf8.Valid(storable))
	if d.Storable() {
		require.Equal(t, string(written), string(storable))
	}
}

func canonical(d *rawjson.Document, v rawjson.Value) string {
	switch d.Kind(v) {
	case rawjson.Object:
		var b strings.Builder
		for c := range d.Children(v) {
			b.Write(d.AppendName(nil, c))
			b.WriteString(":" + canonical(d, c) + ",")
		}
		return "{" + b.String() + "}"
	case rawjson.Array:
		var b strings.Builder
		for c := range d.Children(v) {
			b.WriteString(canonical(d, c) + ",")
		}
		return "[" + b.String() + "]"
	default:
		return string(d.AppendScalar(nil, v))
	}
}

func TestDocumentReadsAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, raw := range documents {
		check(t, []byte(raw))
	}
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	check(t, []byte(deep))
	check(t, []byte("["+deep+"]"))
}

func FuzzDocument(f *testing.F) {
	for _, raw := range documents {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { check(t, raw) })
}

func TestEqualDocumentsAreSpelledAlike(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1,"b":[true,null]}`, ` { "b" : [ true , null ], "a":1.0 }`, true},
		{`"é/\n\u001f"`, `"\u00e9\/\u000A\u001F"`, true},
		{`"\u0008\u000c\u0022\u005c"`, `"\b\f\"\\"`, true},
		{`"😀"`, `"\ud83d\ude00"`, true},
		{`{"é":1}`, `{"\u00e9":1}`, true},
		{`{"a":1,"a":2}`, `{"a":2}`, true},
		{`[1.50,-0,1e2,100000000000000000000]`, `[15e-1,0,100,100000000000000000000]`, true},
		{`[1,2]`, `[2,1]`, false},
		{`"1"`, `1`, false},
		{`null`, `false`, false},
		{`[12345678901234567890]`, `[12345678901234567891]`, false},
		{`{"a":null}`, `{}`, false},
	} {
		var a, b rawjson.Document
		require.NoError(t, a.Parse([]byte(tt.a)))
		require.NoError(t, b.Parse([]byte(tt.b)))
		require.Equal(t, tt.same, canonical(&a, a.Root()) == canonical(&b, b.Root()), "%s and %s", tt.a, tt.b)
	}
}

func TestStorable(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"a":"x\u0000y"}`:      `{"a":"x` + "\uFFFD" + `y"}`,
		`{"\u0000":1,"b":"\n"}`: `{"` + "\uFFFD" + `":1,"b":"\n"}`,
		`["\ud800"]`:            `["` + "\uFFFD" + `"]`,
		"[\"a\xffb\"]":          `["a` + "\uFFFD" + `b"]`,
		`[1e1001,1e-1001,1e10]`: `[null,null,1e10]`,
	} {
		var d rawjson.Document
		require.NoError(t, d.Parse([]byte(raw)))
		require.False(t, d.Storable(), raw)
		require.Equal(t, want, string(d.AppendStorable(nil, d.Root())))
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	for remove, want := range map[string]string{
		"a": `{"b":2,"c":3}`, "b": `{"a":1,"c":3}`, "c": `{"a":1,"b":2}`, "d": `{"a":1,"b":2,"c":3}`,
	} {
		var d rawjson.Document
		require.NoError(t, d.Parse([]byte(`{"c":3,"a":1,"b":2}`)))
		if v := d.Member(d.Root(), remove); v != rawjson.None {
			d.Remove(d.Root(), v)
		}
		require.Equal(t, want, string(d.Append(nil, d.Root())))
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		`[]`:                           {},
		` [ 1 , {"b":1,"a":[]} ] `:     {`1`, `{"b":1,"a":[]}`},
		`[{"a":1,"a":2},"]",[[]]]`:     {`{"a":1,"a":2}`, `"]"`, `[[]]`},
		`[` + strconv.Quote("é") + `]`: {`"é"`},
	} {
		got, err := rawjson.Elements([]byte(raw))
		require.NoError(t, err, raw)
		texts := []string{}
		for _, e := range got {
			texts = append(texts, string(e))
		}
		require.Equal(t, want, texts, raw)
	}
	for _, raw := range []string{``, `{}`, `null`, `[1`, `[1] 2`, `[1,]`} {
		_, err := rawjson.Elements([]byte(raw))
		require.Error(t, err, raw)
	}
}

func TestAppendedElementsDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	raw := []byte(`[1,2]`)
	got, err := rawjson.Elements(raw)
	require.NoError(t, err)
	_ = append(got[0], 'x')
	require.JSONEq(t, `[1,2]`, string(raw))
}

func BenchmarkParse(b *testing.B) {
	object := map[string]any{}
	for i := range 40 {
		object["member_"+strconv.Itoa(i*7919%40)] = strings.Repeat("text and more ", i%8)
	}
	names := slices.Sorted(maps.Keys(object))
	require.Len(b, names, 40)
	raw, err := json.Marshal([]any{object, object, object})
	require.NoError(b, err)
	b.SetBytes(int64(len(raw)))
	var d rawjson.Document
	for b.Loop() {
		if err := d.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
