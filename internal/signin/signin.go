// Package signin finds out who somebody is by having them sign in to GitHub: the web flow
// of an OAuth application, with PKCE. It asks for no scope, reads whose account it is, and
// keeps nothing that GitHub gave out.
//
//	browser ──/v1/sign-in/github──► Begin ──► GitHub's page (state, challenge)
//	browser ◄──────── code ───────────────────────────┘
//	browser ──/callback (state, code, cookie)──► Finish ──► code for a token ──► GET /user
//
// What is between the two is an attempt. It is found by its state, belongs to the browser
// that has its cookie, is good once and for ten minutes, and lives in Redis.
//
// Sources: docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps,
// RFC 6749 section 10.12 (state), RFC 7636 (PKCE), RFC 9700 section 2.1.
package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/oauth2"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// AttemptLife is for how long somebody may be at GitHub's page.
	AttemptLife = 10 * time.Minute
	// patience bounds each question to GitHub and to Redis.
	patience = 10 * time.Second
	// largestAnswer bounds what is read of GitHub's answer about a user, in bytes.
	largestAnswer = 256 << 10
	// keyPrefix is what Redis's keys of attempts begin with.
	keyPrefix = "holdfast:signin:"
	// longestText bounds states, cookies and codes that are shown, in bytes.
	longestText = 512
)

// Options say where people sign in.
type Options struct {
	ClientID, ClientSecret string
	WebURL                 string // GitHub's, such as https://github.com
	APIURL                 string // of its API, with a slash at its end
	Callback               string // URL of this API's callback
	Redis                  redis.UniversalClient
	HTTP                   *http.Client // nil: one of its own
}

// GitHub signs people in. It is safe for concurrent use.
type GitHub struct {
	options Options
	oauth   oauth2.Config
}

// attempt is what Redis keeps of somebody who is at GitHub's page.
type attempt struct {
	Cookie    []byte `json:"cookie"` // SHA-256
	Verifier  string `json:"verifier"`
	Workspace string `json:"workspace,omitempty"` // that is to be entered
}

// New signs in at options.WebURL.
func New(o Options) *GitHub {
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	// A client of its own: what is sent to GitHub must not be sent on to whom it names.
	own := *o.HTTP
	own.Timeout = patience
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.HTTP = &own
	web := strings.TrimSuffix(o.WebURL, "/")
	return &GitHub{options: o, oauth: oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, RedirectURL: o.Callback,
		Endpoint: oauth2.Endpoint{AuthURL: web + "/login/oauth/authorize", TokenURL: web + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams},
	}}
}

// Begin starts an attempt to enter a workspace, or with an empty one whichever there is: the
// browser is to keep cookie and go to address. CodeUnavailable when Redis cannot be reached.
func (g *GitHub) Begin(ctx context.Context, workspace, login string) (address, cookie string, err error) {
	state, cookie, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	hash := sha256.Sum256([]byte(cookie))
	kept, err := json.Marshal(attempt{Cookie: hash[:], Verifier: verifier, Workspace: workspace})
	if err != nil {
		return "", "", fmt.Errorf("write a sign-in: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := g.options.Redis.Set(ctx, keyOf(state), kept, AttemptLife).Err(); err != nil {
		return "", "", unavailable("Nobody can sign in right now.", fmt.Errorf("keep a sign-in: %w", err))
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	if login != "" {
		options = append(options, oauth2.SetAuthURLParam("login", login))
	}
	return g.oauth.AuthCodeURL(state, options...), cookie, nil
}

// Finish ends an attempt with what the browser brings back, and says who it is and which
// workspace is to be entered. CodeUnauthorized: the attempt is not this browser's, has ended or was
// refused. CodeUnavailable: GitHub or Redis cannot be asked now.
func (g *GitHub) Finish(ctx context.Context, state, cookie, code string) (person operation.Person, workspace string, err error) {
	if state == "" || cookie == "" || len(state)+len(cookie)+len(code) > longestText {
		return operation.Person{}, "", ended()
	}
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	a, err := g.take(ctx, state)
	if err != nil {
		return operation.Person{}, "", err
	}
	hash := sha256.Sum256([]byte(cookie))
	if subtle.ConstantTimeCompare(hash[:], a.Cookie) != 1 {
		return operation.Person{}, "", ended()
	}
	if code == "" {
		return operation.Person{}, "", refused("GitHub was told not to let this server know who you are.", nil)
	}
	token, err := g.exchange(ctx, code, a.Verifier)
	if err != nil {
		return operation.Person{}, "", err
	}
	person, err = g.person(ctx, token)
	return person, a.Workspace, err
}

// take is the attempt with that state, which from now on there is not any more.
func (g *GitHub) take(ctx context.Context, state string) (a attempt, err error) {
	kept, err := g.options.Redis.GetDel(ctx, keyOf(state)).Bytes()
	if errors.Is(err, redis.Nil) {
		return a, ended()
	}
	if err != nil {
		return a, unavailable("Nobody can sign in right now.", fmt.Errorf("look for a sign-in: %w", err))
	}
	if err := json.Unmarshal(kept, &a); err != nil {
		return a, fmt.Errorf("read a sign-in: %w", err)
	}
	return a, nil
}

// exchange is the token for a code. GitHub answers refusals with 200.
func (g *GitHub) exchange(ctx context.Context, code, verifier string) (string, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, g.options.HTTP)
	token, err := g.oauth.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	var answer *oauth2.RetrieveError
	switch {
	case err == nil:
		return token.AccessToken, nil
	case errors.As(err, &answer) && answer.ErrorCode == "bad_verification_code":
		return "", refused("GitHub does not accept the code any more. Sign in again.", errors.New(answer.ErrorCode))
	case errors.As(err, &answer) && answer.ErrorCode != "":
		// The application is set up wrongly: the reason is for the operator.
		return "", unavailable("GitHub refuses this server. Its operator finds the reason in its log.", fmt.Errorf("exchange a code: %s: %s", answer.ErrorCode, answer.ErrorDescription))
	default:
		// The error may quote the request, and so the secret.
		return "", unavailable("GitHub cannot be asked right now.", errors.New("exchange a code: no proper answer"))
	}
}

// person is whose token it is.
// Source: docs.github.com/rest/users/users#get-the-authenticated-user.
func (g *GitHub) person(ctx context.Context, token string) (p operation.Person, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.options.APIURL+"user", http.NoBody)
	if err != nil {
		return p, fmt.Errorf("ask whose account it is: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/vnd.github+json")
	r.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	resp, err := g.options.HTTP.Do(r)
	if err != nil {
		return p, unavailable("GitHub cannot be asked right now.", fmt.Errorf("ask whose account it is: %w", withoutURL(err)))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return p, unavailable("GitHub cannot be asked right now.", fmt.Errorf("ask whose account it is: GitHub answers %d", resp.StatusCode))
	}
	var user struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, largestAnswer)).Decode(&user); err != nil {
		return p, unavailable("GitHub cannot be asked right now.", fmt.Errorf("read whose account it is: %w", err))
	}
	if user.ID <= 0 || user.Login == "" {
		return p, unavailable("GitHub cannot be asked right now.", errors.New("read whose account it is: no id or no login"))
	}
	return operation.Person{GitHubID: user.ID, Login: user.Login, Name: user.Name, Email: user.Email}, nil
}

// keyOf is the state's key in Redis, which does not show the state.
func keyOf(state string) string {
	sum := sha256.Sum256([]byte(state))
	return keyPrefix + hex.EncodeToString(sum[:])
}

func ended() error {
	return refused("This sign-in has ended, or was begun in another browser. Begin again.", nil)
}

func refused(sentence string, cause error) error {
	return &operation.Error{Code: operation.CodeUnauthorized, Message: sentence, Err: cause}
}

func unavailable(sentence string, cause error) error {
	return &operation.Error{Code: operation.CodeUnavailable, Message: sentence, Err: cause}
}

// withoutURL is err without the address that net/http quotes.
func withoutURL(err error) error {
	var quoted *url.Error
	if errors.As(err, &quoted) {
		return quoted.Err
	}
	return err
}
