package conformance

import "slices"

// exception is a place in which GitHub's description is known not to say what GitHub
// serves.
type exception struct {
	template string // of the operation; "" for all
	status   int
	pointer  string // with "*" for an index
	rule     Rule
	reason   string
	source   string
}

var exceptions = []exception{
	{
		"/repos/{owner}/{repo}/pulls", 200, "/*/head/repo", "nullable",
		"a fork that was deleted is null", "github.com/github/rest-api-description/issues/1811",
	},
	{
		"/repos/{owner}/{repo}/pulls/{pull_number}", 200, "/head/repo", "nullable",
		"a fork that was deleted is null", "github.com/github/rest-api-description/issues/424",
	},
	{
		"/repos/{owner}/{repo}/pulls", 200, "/*/head/label", "nullable",
		"the user of the head was deleted", "github.com/github/rest-api-description/issues/5562",
	},
	{
		"/repos/{owner}/{repo}/pulls/{pull_number}", 200, "/head/label", "nullable",
		"the user of the head was deleted", "github.com/github/rest-api-description/issues/5562",
	},
	{
		"/repos/{owner}/{repo}/pulls/{pull_number}", 200, "/head/user", "nullable",
		"the user of the head was deleted", "github.com/github/rest-api-description/issues/5562",
	},
	{
		"/repos/{owner}/{repo}/releases/{release_id}", 401, "", RuleMediaType,
		"a wrong token gets the same body everywhere", "what `curl -H 'Authorization: Bearer x'` prints of any release",
	},
	{
		"", 422, "/status", RuleUnknown,
		"every error's body has its status: the description says so of basic-error and forgot validation-error",
		"what `gh api` prints of any 422",
	},
}

// excuse drops the findings for which there is an exception, and says in the others
// where they were found. at is where in an answer they would be: "/*" for an element.
func excuse(findings []Finding, template string, status int, at string) []Finding {
	var left []Finding
	for _, f := range findings {
		f.Template, f.Status = template, status
		pointer := at + anyElement(f.Pointer)
		if !slices.ContainsFunc(exceptions, func(e exception) bool { return e.excuses(f, pointer) }) {
			left = append(left, f)
		}
	}
	return left
}

func (e exception) excuses(f Finding, pointer string) bool {
	return (e.template == "" || e.template == f.Template) && e.status == f.Status &&
		e.rule == f.Rule && e.pointer == pointer
}
