package conformance

import (
	"mime"
	"net/http"
)

// also is an answer that GitHub gives although its description does not say so of
// the operation.
type also struct {
	template string // of the operation; "" for all
	status   int
	response string // the component that describes it
	source   string
}

const (
	limits   = "docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
	trouble  = "docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api"
	practice = "docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api"
	blocked  = "developer.github.com/changes/2016-03-17-the-451-status-code-is-now-supported"
)

// answers are what GitHub's documentation says of every endpoint, where the
// description names each at some endpoints only; and what it says of one in words.
var answers = []also{
	{"", 301, "moved_permanently", practice + "#follow-redirects"},
	{"", 304, "not_modified", practice + "#use-conditional-requests-if-appropriate"},
	{"", 401, "requires_authentication", trouble + "#401-unauthorized"},
	{"", 403, "forbidden", limits},
	{"", 404, "not_found", trouble + "#404-not-found-for-an-existing-resource"},
	{"", 422, "validation_failed", trouble + "#validation-failed"},
	{"", 429, "forbidden", limits}, // "a 403 or 429 response": of one shape
	{"", 451, "forbidden_gist", blocked},
	{"", 500, "internal_error", trouble},
	{"/app/installations/{installation_id}/access_tokens", 400, "forbidden", "developer.github.com/v3/#client-errors"}, // of the same shape
	// "If issues are disabled in the repository, the API returns a 410 Gone status."
	{"/repos/{owner}/{repo}/issues", 410, "gone", "docs.github.com/rest/issues/issues#create-an-issue"},
}

// answered is what the operation of a template may answer with a status beyond what
// its description says.
func answered(template string, status int) (also, bool) {
	for _, a := range answers {
		if a.status == status && (a.template == "" || a.template == template) {
			return a, true
		}
	}
	return also{}, false
}

// ofLoadBalancer tells whether an answer comes from in front of the API, whose pages
// for people nothing describes.
func (a Answer) ofLoadBalancer() bool {
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return err == nil && media == "text/html" &&
		(a.Status == http.StatusBadGateway || a.Status == http.StatusServiceUnavailable || a.Status == http.StatusGatewayTimeout)
}
