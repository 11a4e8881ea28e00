package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

// failureOf is what people are told of an error that ended an operation. Only
// what activities wrote for people is repeated.
func failureOf(err error) *operation.Failure {
	var timeout *temporal.TimeoutError
	var app *temporal.ApplicationError
	switch {
	case errors.As(err, &app) && app.Type() == activities.TypeStepFailed:
		return &operation.Failure{Code: app.Type(), Message: "A step failed again and again; the worker's log has the reason."}
	case errors.As(err, &app) && app.Type() != "":
		return &operation.Failure{Code: app.Type(), Message: app.Message()}
	case errors.As(err, &timeout):
		return &operation.Failure{Code: "timed_out", Message: "A step did not succeed within the time it has."}
	default:
		return &operation.Failure{Code: "internal", Message: "The operation failed for a reason that is not the request's fault; the log has it."}
	}
}

// errorTypes lists the types of the application errors in a chain.
func errorTypes(err error) []string {
	var types []string
	for err != nil {
		var app *temporal.ApplicationError
		if !errors.As(err, &app) {
			return types
		}
		types = append(types, app.Type())
		err = app.Unwrap()
	}
	return types
}
