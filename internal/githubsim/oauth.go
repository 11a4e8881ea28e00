package githubsim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// codeLife is how long a code of the web flow is good for.
const codeLife = 10 * time.Minute

// OAuthApp is an application that people sign in to with GitHub.
// Source: docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.
type OAuthApp struct {
	ClientID, ClientSecret string
	Callback               string // its URL; a redirect_uri must be it, or below it
}

// web is what GitHub shows to browsers of the web flow.
type web struct {
	server *Server

	mu    sync.Mutex
	codes map[string]consent
	last  int
}

// consent is what a person has allowed an application.
type consent struct {
	app         OAuthApp
	user        User
	redirectURI string
	challenge   string // of PKCE; empty: none
	until       time.Time
}

// Web serves the pages of the web flow, which on GitHub have a host of their own. Who
// sits before the browser stands in the parameter login, as GitHub's suggestion of an
// account does: a user who is not one of Options.Users denies the access.
func (s *Server) Web() http.Handler {
	w := &web{server: s, codes: map[string]consent{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login/oauth/authorize", w.authorize)
	mux.HandleFunc("POST /login/oauth/access_token", w.accessToken)
	return mux
}

// app is the application with that id.
func (w *web) app(clientID string) (OAuthApp, bool) {
	apps := w.server.options.OAuthApps
	i := slices.IndexFunc(apps, func(a OAuthApp) bool { return a.ClientID == clientID })
	if i < 0 {
		return OAuthApp{}, false
	}
	return apps[i], true
}

// authorize sends the browser back with a code, or with why there is none. An
// application that is not known is told to nobody.
func (w *web) authorize(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	app, ok := w.app(q.Get("client_id"))
	if !ok {
		http.NotFound(rw, r)
		return
	}
	back := q.Get("redirect_uri")
	answer := url.Values{"state": {q.Get("state")}}
	users := w.server.options.Users
	i := slices.IndexFunc(users, func(u User) bool { return sameName(u.Login, q.Get("login")) })
	switch {
	case back == "":
		back = app.Callback
	case !strings.HasPrefix(back, app.Callback):
		back = app.Callback
		i = -1
		answer.Set("error", "redirect_uri_mismatch")
		answer.Set("error_description", "The redirect_uri MUST match the registered callback URL for this application.")
	}
	switch {
	case answer.Has("error"):
	case i < 0:
		answer.Set("error", "access_denied")
		answer.Set("error_description", "The user has denied your application access.")
	default:
		answer.Set("code", w.grant(consent{app: app, user: users[i], redirectURI: back, challenge: q.Get("code_challenge"), until: w.server.options.Now().Add(codeLife)}))
	}
	rw.Header().Set("Location", back+"?"+answer.Encode())
	rw.WriteHeader(http.StatusFound)
}

func (w *web) grant(g consent) (code string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	code = fmt.Sprintf("%020x", mix(uint64(w.last)))
	w.codes[code] = g
	return code
}

// accessToken makes a token of a code, once. Errors are answered with 200.
// Source: docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors.
func (w *web) accessToken(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxTokenRequest)
	if err := r.ParseForm(); err != nil {
		http.Error(rw, "Bad Request", http.StatusBadRequest)
		return
	}
	answer := w.exchange(r.Form)
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		form := url.Values{}
		for name, value := range answer {
			form.Set(name, value)
		}
		rw.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		_, _ = rw.Write([]byte(form.Encode())) // the client's end is its own matter
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	if json.NewEncoder(rw).Encode(answer) != nil { //nolint:errchkjson // texts can be encoded
		return // as above
	}
}

func (w *web) exchange(form url.Values) map[string]string {
	refuse := func(code, description string) map[string]string {
		return map[string]string{
			"error": code, "error_description": description,
			"error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#" + strings.ReplaceAll(code, "_", "-"),
		}
	}
	app, ok := w.app(form.Get("client_id"))
	if !ok || form.Get("client_secret") != app.ClientSecret {
		return refuse("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
	}
	w.mu.Lock()
	g, ok := w.codes[form.Get("code")]
	delete(w.codes, form.Get("code"))
	w.mu.Unlock()
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	proven := g.challenge == "" || g.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case !ok || g.app != app || !proven || w.server.options.Now().After(g.until):
		return refuse("bad_verification_code", "The code passed is incorrect or expired.")
	case form.Get("redirect_uri") != "" && form.Get("redirect_uri") != g.redirectURI:
		return refuse("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.")
	}
	token := "gho_" + form.Get("code")
	user := g.user
	user.Tokens = []Token{{Value: token}}
	w.server.credentials.mu.Lock()
	w.server.credentials.addUser(user)
	w.server.credentials.mu.Unlock()
	return map[string]string{"access_token": token, "token_type": "bearer", "scope": ""}
}
