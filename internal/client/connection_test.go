package client

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	connectionIDOfTests = "0190a6c8-0000-7000-8000-00000000000a"
	connectionJSON      = `{"id":"` + connectionIDOfTests + `","name":"ci","kind":"token","source":"api","base_url":"https://api.github.com/","repositories":[],
		"state":"ok","state_since":"2026-03-01T12:00:00Z","version":1,"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`
)

func TestConnectionCalls(t *testing.T) {
	t.Parallel()
	const list, one, json = "/v1/connections", "/v1/connections/" + connectionIDOfTests, "application/json"
	c := serve(t,
		exchange{"GET", list, "", 200, json, `{"connections":[` + connectionJSON + `]}`},
		exchange{"GET", list, "", 200, json, `{"connections":[` + connectionJSON + `]}`},
		exchange{"GET", list, "", 200, json, `{"connections":[]}`},
		exchange{"POST", list, `{"name":"ci","token":"ghp_x"}`, 201, json, connectionJSON},
		exchange{"PATCH", one, `{"in_flight":3}`, 200, json, connectionJSON},
		exchange{"POST", one + "/check", "", 200, json, `{"state":"refused","reason":"Bad credentials."}`},
		exchange{"DELETE", one, "", 204, "", ""},
		exchange{"GET", "/v1/budgets", "", 200, json, `{"budgets":[{"account":"user:7@api.github.com","known":true}]}`},
	)
	all, err := c.Connections(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	found, err := c.FindConnection(t.Context(), "ci")
	require.NoError(t, err)
	require.Equal(t, all[0], found)
	_, err = c.FindConnection(t.Context(), "ci")
	require.ErrorContains(t, err, `there is no connection "ci"`)
	name := "ci"
	made, err := c.CreateConnection(t.Context(), ConnectionRequest{Name: &name, Token: "ghp_x"})
	require.NoError(t, err)
	require.Equal(t, connectionIDOfTests, made.ID)
	changed, err := c.ChangeConnection(t.Context(), made.ID, ConnectionRequest{InFlight: 3})
	require.NoError(t, err)
	require.Equal(t, "ok", changed.State)
	check, err := c.CheckConnection(t.Context(), made.ID)
	require.NoError(t, err)
	require.Equal(t, "Bad credentials.", check.Reason)
	require.NoError(t, c.DeleteConnection(t.Context(), made.ID))
	budgets, err := c.Budgets(t.Context())
	require.NoError(t, err)
	require.Equal(t, "user:7@api.github.com", budgets[0].Account)
}

// A name may look like an id: what is meant is then the connection of that id.
func TestFindConnectionPrefersIDs(t *testing.T) {
	t.Parallel()
	const named = `{"id":"other","name":"` + connectionIDOfTests + `"}`
	c := serve(t, exchange{"GET", "/v1/connections", "", 200, "application/json", `{"connections":[` + named + `,` + connectionJSON + `]}`})
	found, err := c.FindConnection(t.Context(), connectionIDOfTests)
	require.NoError(t, err)
	require.Equal(t, "ci", found.Name)
}

func TestConnectionCallsThatFail(t *testing.T) {
	t.Parallel()
	const refusal = `{"status":409,"detail":"No.","request_id":"r1"}`
	name := "ci"
	for _, tt := range []struct {
		method, uri, want string
		call              func(*Client) error
	}{
		{"GET", "/v1/connections", "list connections", func(c *Client) error { _, err := c.Connections(t.Context()); return err }},
		{"POST", "/v1/connections", "make the connection", func(c *Client) error {
			_, err := c.CreateConnection(t.Context(), ConnectionRequest{Name: &name, Token: "ghp_hidden"})
			return err
		}},
		{"PATCH", "/v1/connections/x", "change connection x", func(c *Client) error {
			_, err := c.ChangeConnection(t.Context(), "x", ConnectionRequest{Token: "ghp_hidden"})
			return err
		}},
		{"DELETE", "/v1/connections/x", "delete connection x", func(c *Client) error { return c.DeleteConnection(t.Context(), "x") }},
		{"POST", "/v1/connections/x/check", "check connection x", func(c *Client) error { _, err := c.CheckConnection(t.Context(), "x"); return err }},
		{"GET", "/v1/budgets", "read the budgets", func(c *Client) error { _, err := c.Budgets(t.Context()); return err }},
	} {
		c := serve(t, exchange{tt.method, tt.uri, "", 409, "application/problem+json", refusal})
		require.EqualError(t, tt.call(c), tt.want+": No. (HTTP 409, request r1)")
	}
}
