package githubsim

import (
	"net/http"
	"strconv"
)

// origin is the URL of the server as the client called it.
func (x *exchange) origin() string {
	if x.req.TLS != nil {
		return "https://" + x.req.Host
	}
	return "http://" + x.req.Host
}

// moved redirects to the same endpoint by the repository's number.
func (x *exchange) moved(r *Repository) {
	rest := ""
	if x.path.rest != "" {
		rest = "/" + x.path.rest
	}
	if x.req.URL.RawQuery != "" {
		rest += "?" + x.req.URL.RawQuery
	}
	x.movedTo(r.info.id, rest)
}

// movedTo redirects to what another repository has, or the same by another name.
func (x *exchange) movedTo(repository int64, rest string) {
	to := x.origin() + "/repositories/" + strconv.FormatInt(repository, 10) + rest
	x.header.Set("Location", to)
	x.status = http.StatusMovedPermanently
	x.enc.raw(`{"message":"Moved Permanently","url":`).str(to)
	x.enc.raw(`,"documentation_url":"https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects"}`)
}

// unavailable is GitHub's answer for a repository that it had to take down.
func (x *exchange) unavailable(b *Block) {
	x.status = http.StatusUnavailableForLegalReasons
	x.enc.raw(`{"message":"Repository access blocked","block":{"reason":`).str(b.Reason)
	x.enc.raw(`,"created_at":`).time(stampOf(b.CreatedAt)).raw(`,"html_url":`).strOrNull(b.URL).raw("}}")
}

// unidentified refuses a request without a token for what needs one.
func (x *exchange) unidentified() {
	x.problem(http.StatusUnauthorized, "Requires authentication", "https://docs.github.com/rest"+x.route.docs)
}

func (x *exchange) invalid(field, code string) {
	x.status = http.StatusUnprocessableEntity
	x.enc.b = x.enc.b[:0]
	x.enc.raw(`{"message":"Validation Failed","errors":[{"resource":"Search","field":`).str(field)
	x.enc.raw(`,"code":`).str(code).raw(`}],"documentation_url":"https://docs.github.com/rest`).raw(x.route.docs).raw(`","status":"422"}`)
}

const (
	primaryDocs   = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
	secondaryDocs = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
)

func (x *exchange) primaryLimit(status int) {
	rest := ". If you reach out to GitHub Support for help, please include the request ID " + x.id +
		" and timestamp " + x.now.UTC().Format("2006-01-02 15:04:05 MST") + "."
	if x.token == "" {
		rest = ". (But here's the good news: Authenticated requests get a higher rate limit. " +
			"Check out the documentation for more details.)"
	}
	x.problem(status, "API rate limit exceeded for "+x.account().who+rest, primaryDocs)
}

func (x *exchange) secondaryLimit(status int) {
	x.problem(status, x.secondaryMessage(), secondaryDocs)
}

func (x *exchange) secondaryMessage() string {
	return "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. " +
		"If you reach out to GitHub Support for help, please include the request ID " + x.id + "."
}

// user answers GET /user.
func (s *Server) user(x *exchange) {
	who := x.credential.person
	switch {
	case x.token == "":
		x.unidentified()
		return
	case who == nil:
		x.inaccessible()
		return
	}
	e := &x.enc
	e.viewOfUser(who, "private")
	e.raw(`,"name":`).str(who.login).raw(`,"company":null,"blog":"","location":null,"email":null,"hireable":null`)
	e.raw(`,"bio":null,"twitter_username":null,"notification_email":null,"public_repos":1,"public_gists":0,"followers":0`)
	e.raw(`,"following":0,"created_at":"2011-01-25T18:44:36Z","updated_at":"2025-01-22T11:25:30Z","private_gists":0`)
	e.raw(`,"total_private_repos":0,"owned_private_repos":0,"disk_usage":0,"collaborators":0`)
	e.raw(`,"two_factor_authentication":true,"plan":{"name":"free","space":976562499,"collaborators":0,"private_repos":10000}}`)
}
