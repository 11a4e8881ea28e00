package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// strictJSON is huma's JSON, but for objects that have a name twice: of those every
// reader takes another value (RFC 8259, section 4), so that what a proxy has checked
// need not be what is done here. Texts that are not keepable are refused too: what is not
// UTF-8 would become another text without a word.
func strictJSON() huma.Format {
	format := huma.DefaultJSONFormat
	format.Unmarshal = func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errors.New("is not UTF-8")
		}
		if err := json.Unmarshal(data, v); err != nil {
			return err //nolint:wrapcheck // huma words it
		}
		return distinctNames(json.NewDecoder(bytes.NewReader(data)))
	}
	return format
}

// distinctNames fails when an object of the next value, which is valid JSON, has a
// name twice.
func distinctNames(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("read a value: %w", err)
	}
	if text, is := token.(string); is && !keepable(text) {
		return errors.New(unkeepable)
	}
	opening, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	seen := map[json.Token]bool{}
	for d.More() {
		if opening == '{' {
			name, err := d.Token()
			if err != nil {
				return fmt.Errorf("read a name: %w", err)
			}
			if text, is := name.(string); is && !keepable(text) {
				return errors.New("a name " + unkeepable)
			}
			if seen[name] {
				return fmt.Errorf("has the name %q twice", name)
			}
			seen[name] = true
		}
		if err := distinctNames(d); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read the end of a value: %w", err)
	}
	return nil
}
