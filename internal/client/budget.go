package client

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Budget is how one account of GitHub stands.
type Budget struct {
	Account     string     `json:"account"`
	Connections []string   `json:"connections"`
	Known       bool       `json:"known"`
	At          *time.Time `json:"at,omitempty"`
	Resources   []struct {
		Rate
		Reserve int64 `json:"reserve"`
		Spent   struct {
			Lanes      map[string]int64 `json:"lanes"`
			Operations []struct {
				OperationID string `json:"operation_id"`
				Spent       int64  `json:"spent"`
			} `json:"operations"`
			Others int64 `json:"others"`
		} `json:"spent"`
	} `json:"resources"`
	InFlight    int `json:"in_flight"`
	MaxInFlight int `json:"max_in_flight"`
	Windows     []struct {
		Limit    string  `json:"limit"`
		Resource string  `json:"resource,omitempty"`
		Seconds  float64 `json:"seconds"`
		Spent    int64   `json:"spent"`
		Most     int64   `json:"most"`
	} `json:"windows"`
	Holds []struct {
		Limit  string    `json:"limit"`
		Reason string    `json:"reason"`
		Until  time.Time `json:"until"`
	} `json:"holds"`
	Waiting   map[string]int `json:"waiting"`
	Processes int            `json:"processes"`
}

// Budgets are those of all connections.
func (c *Client) Budgets(ctx context.Context) ([]Budget, error) {
	var page struct {
		Budgets []Budget `json:"budgets"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/budgets", nil, nil, &page); err != nil {
		return nil, fmt.Errorf("read the budgets: %w", err)
	}
	return page.Budgets, nil
}
