package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

type healthOutput struct {
	Body struct {
		Status string `json:"status" enum:"ok"`
	}
}

// healthy is the answer to a probe that has nothing to complain about.
func healthy() *healthOutput {
	out := &healthOutput{}
	out.Body.Status = "ok"
	return out
}

func livenessSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-liveness", Summary: "Is the process up?", Tags: []string{"service"},
		Description: "Asks nothing of anybody else: a process that does not answer this should be restarted.",
	}
}

func (a *API) liveness(context.Context, *struct{}) (*healthOutput, error) { return healthy(), nil }

func readinessSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-readiness", Summary: "Can it serve?", Tags: []string{"service"},
		Description: "Asks the services that the API cannot do without. 503 names those that cannot be reached.",
		Errors:      []int{http.StatusServiceUnavailable},
	}
}

func (a *API) readiness(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	var down []string
	var fields []Field
	failed := a.opts.Health.Check(ctx)
	for _, service := range slices.Sorted(maps.Keys(failed)) {
		if err := failed[service]; err != nil {
			a.logger(ctx).WarnContext(ctx, "service is not reachable", "service", service, "error", err)
			down = append(down, service)
			fields = append(fields, Field{Location: service, Message: "cannot be reached"})
		}
	}
	if len(down) > 0 {
		return nil, newProblem(ctx, http.StatusServiceUnavailable, "unavailable",
			"Not ready; cannot be reached: "+strings.Join(down, ", ")+".", fields...).with("Retry-After", "5")
	}
	return healthy(), nil
}
