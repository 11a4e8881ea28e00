package githubsim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/conformance"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// Every endpoint refuses and fails as GitHub does; get compares each answer.
func TestEveryEndpointRefusesAsDescribed(t *testing.T) {
	t.Parallel()
	conformance.GitHub(t)
	fault := func(f githubsim.Fault) func(*bundle) {
		return func(b *bundle) { b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{f}}) }
	}
	for refusal, tt := range map[string]struct {
		prepare func(*bundle)
		status  int
		always  bool // also of what belongs to no repository
	}{
		"wrong token":                {func(*bundle) {}, 401, true},
		"blocked":                    {func(b *bundle) { b.repo.SetBlocked(&githubsim.Block{Reason: "dmca", CreatedAt: time.Now()}) }, 451, false},
		"gone":                       {func(b *bundle) { b.repo.SetGone(true) }, 404, false},
		"renamed":                    {func(b *bundle) { b.sim.Rename(b.repo, "", "ferry") }, 301, false},
		"primary limit":              {fault(githubsim.Fault{Kind: githubsim.FaultPrimaryLimit}), 403, true},
		"primary limit with 429":     {fault(githubsim.Fault{Kind: githubsim.FaultPrimaryLimit, Status: 429}), 429, true},
		"secondary limit":            {fault(githubsim.Fault{Kind: githubsim.FaultSecondaryLimit, RetryAfter: time.Second}), 403, true},
		"secondary limit with 429":   {fault(githubsim.Fault{Kind: githubsim.FaultSecondaryLimit, Status: 429}), 429, true},
		"too many requests":          {fault(githubsim.Fault{Kind: githubsim.FaultTooManyRequests}), 429, true},
		"server error":               {fault(githubsim.Fault{Kind: githubsim.FaultStatus}), 500, true},
		"bad gateway":                {fault(githubsim.Fault{Kind: githubsim.FaultStatus, Status: 502}), 502, true},
		"service unavailable":        {fault(githubsim.Fault{Kind: githubsim.FaultStatus, Status: 503}), 503, true},
		"gateway did not hear of it": {fault(githubsim.Fault{Kind: githubsim.FaultStatus, Status: 504}), 504, true},
	} {
		t.Run(refusal, func(t *testing.T) {
			t.Parallel()
			for _, endpoint := range githubsim.Endpoints() {
				ofRepository := strings.HasPrefix(endpoint.Path, "/repos/")
				if !ofRepository && !tt.always {
					continue
				}
				b := setup(t, githubsim.Options{Tokens: []string{"yes"}}, githubsim.Spec{})
				tt.prepare(b)
				path := strings.NewReplacer("{owner}", owner, "{repo}", name, "{number}", "1", "{name}", "main").Replace(endpoint.Path)
				token := "yes"
				if tt.status == http.StatusUnauthorized {
					token = "no"
				}
				res := b.get(t, path, "Authorization", "Bearer "+token)
				require.Equal(t, tt.status, res.StatusCode, endpoint.Name)
			}
		})
	}
}

// Errors name the page that documents the endpoint.
func TestEveryEndpointNamesItsDocumentation(t *testing.T) {
	t.Parallel()
	d := conformance.GitHub(t)
	for _, endpoint := range githubsim.Endpoints() {
		template, err := d.Template(endpoint.Path)
		require.NoError(t, err)
		documentation, err := d.Documentation(template)
		require.NoError(t, err)
		require.Equal(t, documentation, endpoint.Docs, endpoint.Name)
	}
}

// A real answer in which one thing is wrong is found, and the finding says what.
func TestABrokenAnswerIsFound(t *testing.T) {
	t.Parallel()
	d := conformance.GitHub(t)
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(1000))
	first := func(body any) map[string]any { return body.([]any)[0].(map[string]any) }
	for name, tt := range map[string]struct {
		path    string
		status  int
		spoil   func(body any) any
		finding string
	}{
		"wrong type": {
			path: "/labels", status: 200, spoil: func(body any) any { first(body)["id"] = "12"; return body },
			finding: `GET /repos/{owner}/{repo}/labels, status 200, /0/id: type: value must be an integer; the value is "12"`,
		},
		"null": {
			path: "/issues", status: 200, spoil: func(body any) any { first(body)["title"] = nil; return body },
			finding: `GET /repos/{owner}/{repo}/issues, status 200, /0/title: nullable: Value is not nullable; the value is null`,
		},
		"missing": {
			path: "/pulls", status: 200, spoil: func(body any) any { delete(first(body)["base"].(map[string]any), "sha"); return body },
			finding: `GET /repos/{owner}/{repo}/pulls, status 200, /0/base/sha: required: property "sha" is missing`,
		},
		"missing where there are alternatives": {
			path: "/commits", status: 200, spoil: func(body any) any { delete(first(body)["author"].(map[string]any), "login"); return body },
			finding: `GET /repos/{owner}/{repo}/commits, status 200, /0/author/login: required: property "login" is missing`,
		},
		"unknown": {
			path: "/milestones", status: 200, spoil: func(body any) any { first(body)["creator"].(map[string]any)["mood"] = "good"; return body },
			finding: `GET /repos/{owner}/{repo}/milestones, status 200, /0/creator/mood: unknown: GitHub's description knows no such property; the value is "good"`,
		},
		"no date": {
			path: "/releases", status: 200, spoil: func(body any) any { first(body)["created_at"] = "2025-02-30T00:00:00Z"; return body },
			finding: `GET /repos/{owner}/{repo}/releases, status 200, /0/created_at: format: string doesn't match the format "date-time": it is no time of RFC 3339; the value is "2025-02-30T00:00:00Z"`,
		},
		"no URI": {
			path: "/pulls/comments", status: 200, spoil: func(body any) any { first(body)["html_url"] = "/x"; return body },
			finding: `GET /repos/{owner}/{repo}/pulls/comments, status 200, /0/html_url: format: string doesn't match the format "uri": it is no absolute URI; the value is "/x"`,
		},
		"no such value": {
			path: "/issues/comments", status: 200, spoil: func(body any) any { first(body)["author_association"] = "FRIEND"; return body },
			finding: `GET /repos/{owner}/{repo}/issues/comments, status 200, /0/author_association: enum: value is not one of the allowed values ["COLLABORATOR","CONTRIBUTOR","FIRST_TIMER","FIRST_TIME_CONTRIBUTOR","MANNEQUIN","MEMBER","NONE","OWNER"]; the value is "FRIEND"`,
		},
		"an object for a list": {
			path: "/tags", status: 200, spoil: func(body any) any { return map[string]any{"items": body} },
			finding: `GET /repos/{owner}/{repo}/tags, status 200: type: value must be an array; the value is {"items":[`,
		},
		"wrong status": {
			path: "/branches", status: 418, spoil: func(body any) any { return body },
			finding: `GET /repos/{owner}/{repo}/branches, status 418: status: the operation does not answer with 418`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := b.get(t, base+tt.path+"?state=all")
			var body any
			require.NoError(t, json.Unmarshal(answer.body, &body))
			spoiled, err := json.Marshal(tt.spoil(body))
			require.NoError(t, err)
			findings, err := d.Check(conformance.Answer{
				Template: "/repos/{owner}/{repo}" + tt.path, Status: tt.status, Header: answer.Header, Body: spoiled,
			})
			require.NoError(t, err)
			require.Len(t, findings, 1, conformance.Report(findings))
			require.Contains(t, conformance.Report(findings), tt.finding)
		})
	}
}
