package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
)

type freeMark struct{}

// isFree tells a request that costs nothing and may be sent at any time.
func isFree(ctx context.Context) bool { return ctx.Value(freeMark{}) != nil }

// Rates asks GitHub what is left of its hourly limits. That costs nothing and is not
// counted, so it does not wait for its turn in the budget, whose own probe this is.
// None at all: this GitHub has no limits, as an Enterprise Server where they are
// switched off, which answers 404. Source: docs.github.com/rest/rate-limit/rate-limit.
func (c *Client) Rates(ctx context.Context) (budget.Rates, error) {
	var answer struct {
		Resources map[budget.Resource]struct {
			Limit     int64 `json:"limit"`
			Remaining int64 `json:"remaining"`
			Reset     int64 `json:"reset"`
		} `json:"resources"`
	}
	ctx = context.WithValue(ctx, freeMark{}, true)
	req, err := c.gh.NewRequest(http.MethodGet, "rate_limit", nil)
	if err != nil {
		return nil, fmt.Errorf("ask for GitHub's limits: %w", err)
	}
	resp, err := c.gh.Do(ctx, req, &answer)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err = translate(err); KindOf(err) == KindNotFound {
			return budget.Rates{}, nil
		}
		return nil, fmt.Errorf("ask for GitHub's limits: %w", err)
	}
	at := date(resp)
	if at.IsZero() {
		return nil, &Error{Kind: KindUnreachable, Err: errors.New("GitHub's answer about its limits has no date")}
	}
	rates := budget.Rates{}
	for _, resource := range []budget.Resource{budget.Core, budget.GraphQL} {
		if r, ok := answer.Resources[resource]; ok && r.Limit > 0 {
			reset := min(time.Unix(r.Reset+1, 0).Sub(at), longestHold)
			rates[resource] = budget.Rate{Limit: r.Limit, Left: max(r.Remaining, 0), Reset: max(reset, 0)}
		}
	}
	return rates, nil
}
