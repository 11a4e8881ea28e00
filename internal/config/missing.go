package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// missing are the sentences about variables that must be set and are not, all of
// them: whoever sets up a server is told once.
type missing []string

func (m missing) Error() string { return strings.Join(m, "\n") }

// alsoMissing adds a sentence to an error of parse, unless something else is wrong.
func alsoMissing(err error, sentence string) error {
	var others missing
	if err != nil && !errors.As(err, &others) {
		return err
	}
	return append(others, sentence)
}

// MustBeSet is the error for a variable that must be set and is not; what says what
// it is.
func MustBeSet(name, what string) error { return missing{name + " must be set: " + what} }

// explain words what the library says of the variables of a configuration, without
// their values. What is missing comes first.
func explain(err error, configuration reflect.Type) error {
	if err == nil {
		return nil
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		return fmt.Errorf("configuration: %w", err)
	}
	var absent missing
	var others []error
	for _, err := range all.Errors {
		var unset env.VarIsNotSetError
		var empty env.EmptyVarError
		var unreadable env.ParseError
		switch {
		case errors.As(err, &unset):
			absent = append(absent, mustBeSet(configuration, unset.Key))
		case errors.As(err, &empty):
			absent = append(absent, mustBeSet(configuration, empty.Key))
		case errors.As(err, &unreadable):
			others = append(others, cannotBeRead(configuration, unreadable))
		default:
			others = append(others, fmt.Errorf("configuration: %w", err))
		}
	}
	if len(absent) > 0 {
		return absent
	}
	return errors.Join(others...)
}

// mustBeSet is the sentence about a variable, with the doc tag of its field.
func mustBeSet(configuration reflect.Type, name string) string {
	for _, field := range reflect.VisibleFields(configuration) {
		if variable, _, _ := strings.Cut(field.Tag.Get("env"), ","); variable == name {
			return MustBeSet(name, field.Tag.Get("doc")).Error()
		}
	}
	return name + " must be set"
}

// cannotBeRead never repeats the value: it may be a secret.
func cannotBeRead(configuration reflect.Type, e env.ParseError) error {
	field, ok := configuration.FieldByName(e.Name)
	if !ok {
		return fmt.Errorf("configuration: the variable of %s cannot be read as a %s", e.Name, e.Type)
	}
	name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
	return fmt.Errorf("%s: cannot be read as a %s", name, field.Type)
}
