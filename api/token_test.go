package api_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// entered exchanges something for tokens.
func (b *bundle) entered(t *testing.T, body string) (answer, api.TokenPair) {
	t.Helper()
	got := b.do(t, http.MethodPost, "/v1/token", "", strings.NewReader(body))
	if got.StatusCode != http.StatusOK {
		return got, api.TokenPair{}
	}
	require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	return got, decode[api.TokenPair](t, got)
}

func (b *bundle) refresh(t *testing.T, token string) (answer, api.TokenPair) {
	t.Helper()
	return b.entered(t, `{"grant_type":"refresh_token","refresh_token":"`+token+`"}`)
}

// signIn adds a member and has them sign in.
func (b *bundle) signIn(t *testing.T, member string) (api.Member, api.TokenPair) {
	t.Helper()
	added := b.do(t, http.MethodPost, "/v1/members", b.token(t, auth.RoleAdmin), strings.NewReader(member))
	require.Equal(t, http.StatusCreated, added.StatusCode, added.body)
	m := decode[api.Member](t, added)
	require.Equal(t, "/v1/members/"+m.ID, added.Header.Get("Location"))
	invited := b.do(t, http.MethodPost, "/v1/members/"+m.ID+"/invitations", b.token(t, auth.RoleAdmin), nil)
	require.Equal(t, http.StatusCreated, invited.StatusCode, invited.body)
	code := decode[api.Invitation](t, invited)
	require.Equal(t, start.Add(24*time.Hour), code.ExpiresAt)
	got, pair := b.entered(t, `{"grant_type":"invitation","code":"`+code.Code+`"}`)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	again, _ := b.entered(t, `{"grant_type":"invitation","code":"`+code.Code+`"}`)
	require.Equal(t, http.StatusUnauthorized, again.StatusCode, "it is good once")
	require.NotContains(t, b.log.String(), code.Code)
	return m, pair
}

func TestAMemberSignsInAndOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, pair := b.signIn(t, `{"login":"lin","name":"Lin","email":"lin@example.com","role":"operator","repositories":["octo/*"]}`)
	require.Equal(t, "lin", pair.Subject)
	require.Equal(t, 900, pair.ExpiresIn)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/syncs", pair.AccessToken, strings.NewReader(`{"repository":"octo/mirror"}`)).StatusCode)
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodGet, "/v1/drift", pair.AccessToken, nil).StatusCode, "it is about the whole workspace")
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodGet, "/v1/keys", pair.AccessToken, nil).StatusCode)
	b.advance(16 * time.Minute)
	expired := b.do(t, http.MethodGet, "/v1/operations", pair.AccessToken, nil)
	require.Equal(t, http.StatusUnauthorized, expired.StatusCode)
	require.Contains(t, expired.problem(t).Detail, "expired")
	_, next := b.refresh(t, pair.RefreshToken)
	require.Equal(t, pair.SessionID, next.SessionID)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/operations", next.AccessToken, nil).StatusCode)

	for range 2 {
		out := b.do(t, http.MethodPost, "/v1/token/revoke", "", strings.NewReader(`{"refresh_token":"`+next.RefreshToken+`"}`))
		require.Equal(t, http.StatusNoContent, out.StatusCode)
	}
	unknown := b.do(t, http.MethodPost, "/v1/token/revoke", "", strings.NewReader(`{"refresh_token":"hfr_nobody"}`))
	require.Equal(t, http.StatusNoContent, unknown.StatusCode)
	ended := b.do(t, http.MethodGet, "/v1/operations", next.AccessToken, nil)
	require.Equal(t, "session_ended", ended.problem(t).Code)
	refused, _ := b.refresh(t, next.RefreshToken)
	require.Equal(t, "session_ended", refused.problem(t).Code)
	var actions []string
	for _, e := range b.auditEvents(t, "?subject=lin") {
		actions = append(actions, e.Action)
	}
	require.Equal(t, []string{"POST /v1/token/revoke", "POST /v1/syncs", "POST /v1/token"}, actions)
	for _, secret := range []string{pair.AccessToken, pair.RefreshToken, next.RefreshToken} {
		require.NotContains(t, b.log.String(), secret)
	}
	require.Contains(t, b.do(t, http.MethodGet, "/v1/members/"+m.ID, b.token(t, auth.RoleAdmin), nil).body, `"login":"lin"`)
}

// What a membership says holds at once, whatever the token says.
func TestAMembershipHoldsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	m, pair := b.signIn(t, `{"login":"lin","role":"admin"}`)
	change := func(f func(*operation.Member)) {
		b.store.mu.Lock()
		defer b.store.mu.Unlock()
		i, err := b.store.memberAt(workspace, m.ID)
		require.NoError(t, err)
		f(&b.store.people.members[i])
	}
	status := func(path string) int { return b.do(t, http.MethodGet, path, pair.AccessToken, nil).StatusCode }
	require.Equal(t, http.StatusOK, status("/v1/keys"))
	change(func(m *operation.Member) { m.Role = "reader" })
	require.Equal(t, http.StatusForbidden, status("/v1/keys"))
	require.Equal(t, http.StatusOK, status("/v1/operations/"+op.ID))
	change(func(m *operation.Member) { m.Repositories = operation.Patterns{"elsewhere/*"} })
	require.Equal(t, http.StatusNotFound, status("/v1/operations/"+op.ID))
	change(func(m *operation.Member) { m.WorkspaceID = stranger })
	require.Equal(t, http.StatusUnauthorized, status("/v1/operations"))
	b.store.setErr(&operation.Error{Code: operation.CodeUnavailable, Message: "Postgres is away."})
	require.Equal(t, http.StatusServiceUnavailable, status("/v1/operations"), "it is not the session's fault")
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Heartbeat = 20 * time.Millisecond })
	op := b.operation(t)
	_, pair := b.signIn(t, `{"login":"lin","role":"reader"}`)
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(b.server.URL, "http", "ws", 1)+"/v1/operations/"+op.ID+"/stream",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + pair.AccessToken}}})
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }() // it is closed by then
	_, _, err = conn.Read(t.Context())
	require.NoError(t, err, "the snapshot")
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodPost, "/v1/token/revoke", "", strings.NewReader(`{"refresh_token":"`+pair.RefreshToken+`"}`)).StatusCode)
	_, _, err = conn.Read(t.Context())
	var closed websocket.CloseError
	require.ErrorAs(t, err, &closed)
	require.Equal(t, websocket.StatusPolicyViolation, closed.Code)
}

// forged is a token with all that is right, but for what change changes.
func (b *bundle) forged(t *testing.T, method jwt.SigningMethod, signer any, kid string, change func(jwt.MapClaims)) string {
	t.Helper()
	now := b.clock().Unix()
	claims := jwt.MapClaims{
		"iss": auth.IssuerName, "aud": auth.Audience, "sub": "eve", "jti": "1", "iat": now, "nbf": now, "exp": now + 600,
		"workspace": workspace, "role": "admin",
	}
	change(claims)
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = kid
	signed, err := token.SignedString(signer)
	require.NoError(t, err)
	return signed
}

// Each bad token is refused for what is wrong with it, and what is right about it does not help.
func TestEachBadTokenIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.InstallationWorkspace = workspace })
	public := auth.PublicKey(key)
	kid := auth.Thumbprint(public)
	_, strangersKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	as := func(change func(jwt.MapClaims)) string { return b.forged(t, jwt.SigningMethodEdDSA, key, kid, change) }
	same := func(jwt.MapClaims) {}
	_, reused := b.signIn(t, `{"login":"lin","role":"admin"}`)
	_, next := b.refresh(t, reused.RefreshToken)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/keys", next.AccessToken, nil).StatusCode)
	revoked := b.makeKey(t, `{"name":"gone","role":"admin"}`)
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, "/v1/keys/"+revoked.ID, b.token(t, auth.RoleAdmin), nil).StatusCode)
	again, _ := b.refresh(t, reused.RefreshToken)
	require.Equal(t, http.StatusUnauthorized, again.StatusCode)
	require.Equal(t, "refresh_reused", again.problem(t).Code)
	require.NotEmpty(t, again.Header.Get("WWW-Authenticate"))
	last, _ := b.refresh(t, next.RefreshToken)
	require.Equal(t, "session_ended", last.problem(t).Code, "the thief's is good for nothing")

	for name, tt := range map[string]struct{ token, code, says string }{
		"alg none":                            {b.forged(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, same), "unauthorized", "not signed by a key"},
		"HS256 with the public key":           {b.forged(t, jwt.SigningMethodHS256, []byte(public), kid, same), "unauthorized", "not signed by a key"},
		"HS256 with the public key as text":   {b.forged(t, jwt.SigningMethodHS256, []byte(base64.StdEncoding.EncodeToString(public)), kid, same), "unauthorized", "not signed by a key"},
		"another kid":                         {b.forged(t, jwt.SigningMethodEdDSA, key, "another", same), "unauthorized", "not signed by a key"},
		"no kid":                              {b.forged(t, jwt.SigningMethodEdDSA, key, "", same), "unauthorized", "not signed by a key"},
		"our kid with another key":            {b.forged(t, jwt.SigningMethodEdDSA, strangersKey, kid, same), "unauthorized", "not signed by a key"},
		"another audience":                    {as(func(c jwt.MapClaims) { c["aud"] = "elsewhere" }), "unauthorized", "not meant for this API"},
		"another issuer":                      {as(func(c jwt.MapClaims) { c["iss"] = "elsewhere" }), "unauthorized", "not meant for this API"},
		"expired":                             {as(func(c jwt.MapClaims) { c["exp"] = b.clock().Unix() - 60 }), "unauthorized", "has expired"},
		"not yet valid":                       {as(func(c jwt.MapClaims) { c["nbf"] = b.clock().Unix() + 300 }), "unauthorized", "not valid yet"},
		"another role":                        {as(func(c jwt.MapClaims) { c["role"] = "root" }), "unauthorized", "not meant for this API"},
		"a workspace that is none":            {as(func(c jwt.MapClaims) { c["workspace"] = "*" }), "unauthorized", "not meant for this API"},
		"a session that is none":              {as(func(c jwt.MapClaims) { c["sid"] = "1" }), "unauthorized", "not meant for this API"},
		"a session that nobody began":         {as(func(c jwt.MapClaims) { c["sid"] = missingID }), "session_ended", "Sign in again"},
		"a session in another workspace":      {as(func(c jwt.MapClaims) { c["sid"], c["workspace"] = next.SessionID, stranger }), "session_ended", "Sign in again"},
		"a revoked key":                       {revoked.Secret, "unauthorized", "was revoked"},
		"a refresh token as access token":     {reused.RefreshToken, "unauthorized", "neither a JSON Web Token"},
		"the access token of a stolen family": {next.AccessToken, "session_ended", "Sign in again"},
		"its first access token":              {reused.AccessToken, "session_ended", "Sign in again"},
	} {
		got := b.do(t, http.MethodGet, "/v1/keys", tt.token, nil)
		require.Equal(t, http.StatusUnauthorized, got.StatusCode, "%s: %s", name, got.body)
		require.Equal(t, tt.code, got.problem(t).Code, name)
		require.Contains(t, got.problem(t).Detail, tt.says, name)
		require.Contains(t, got.Header.Get("WWW-Authenticate"), `error="invalid_token"`, name)
		require.NotContains(t, b.log.String(), tt.token, name)
	}
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/keys", as(same), nil).StatusCode, "the table changes one thing each")
	theirs := b.do(t, http.MethodGet, "/v1/keys/"+revoked.ID, as(func(c jwt.MapClaims) { c["workspace"] = stranger }), nil)
	require.Equal(t, http.StatusNotFound, theirs.StatusCode, "another workspace's token shows nothing of ours")
	var said []string
	for _, e := range b.auditEvents(t, "?limit=100&action=POST%20/v1/token") {
		said = append(said, e.Refused)
	}
	require.Contains(t, said, "A refresh token of lin was used a second time: the session "+next.SessionID+" was ended.")
}

func TestWhatIsNotExchanged(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.InstallationWorkspace = workspace })
	late, lost := auth.NewInvitation(), auth.NewInvitation()
	b.store.people.codes[string(late.Hash[:])] = operation.Invitation{WorkspaceID: workspace, MemberID: graceID}
	b.store.people.codes[string(lost.Hash[:])] = operation.Invitation{WorkspaceID: workspace, MemberID: "locked", ValidFor: time.Hour}
	at := start
	b.store.people.members = append(b.store.people.members, operation.Member{ID: "locked", WorkspaceID: workspace, Login: "mallory", Role: "admin", DisabledAt: &at})
	for name, tt := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"a code that nobody made":   {`{"grant_type":"invitation","code":"` + auth.NewInvitation().Reveal() + `"}`, 401, "no such code"},
		"half a code":               {`{"grant_type":"invitation","code":"` + late.Reveal()[:20] + `"}`, 401, "cut off"},
		"a late code":               {`{"grant_type":"invitation","code":"` + late.Reveal() + `"}`, 401, "has expired"},
		"a person locked out":       {`{"grant_type":"invitation","code":"` + lost.Reveal() + `"}`, 401, "let in no more"},
		"a token that nobody made":  {`{"grant_type":"refresh_token","refresh_token":"` + auth.NewRefreshToken().Reveal() + `"}`, 401, "no such refresh token"},
		"a code as a refresh token": {`{"grant_type":"refresh_token","refresh_token":"` + standing.Reveal() + `"}`, 401, "no such refresh token"},
		"a key":                     {`{"grant_type":"invitation","code":"` + auth.NewAPIKey().Reveal() + `"}`, 401, "no such code"},
		"another grant":             {`{"grant_type":"password","code":"x"}`, 422, "not valid"},
		"nothing":                   {`{"grant_type":"invitation"}`, 422, "not valid"},
		"the other's":               {`{"grant_type":"invitation","refresh_token":"` + standingRefresh.Reveal() + `"}`, 422, "not valid"},
		"both":                      {`{"grant_type":"invitation","code":"x","refresh_token":"x"}`, 422, "not valid"},
		"null":                      {`{"grant_type":"invitation","code":null}`, 422, ""},
		"something long":            {`{"grant_type":"invitation","code":"` + strings.Repeat("x", 256) + `"}`, 422, ""},
	} {
		got, _ := b.entered(t, tt.body)
		require.Equal(t, tt.status, got.StatusCode, "%s: %s", name, got.body)
		require.Contains(t, got.problem(t).Detail, tt.says, name)
	}
	require.Len(t, b.auditEvents(t, "?limit=100"), 7, "the refusals are recorded")
	require.NotContains(t, b.log.String(), late.Reveal())
}

func TestNobodySignsInWithoutAKeyToSign(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Issuer = nil })
	got, _ := b.entered(t, `{"grant_type":"invitation","code":"`+standing.Reveal()+`"}`)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Contains(t, got.problem(t).Detail, "HOLDFAST_JWT_PRIVATE_KEY")
	got = b.do(t, http.MethodPost, "/v1/members/"+graceID+"/invitations", b.token(t, auth.RoleAdmin), nil)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
}

func TestSigningInIsBoundedByAddress(t *testing.T) {
	t.Parallel()
	limiter := &two{seen: map[string]int{}}
	b := setup(t, func(o *api.Options) { o.EntranceThrottle = limiter })
	for range 2 {
		got, _ := b.entered(t, `{"grant_type":"invitation","code":"x"}`)
		require.Equal(t, http.StatusUnauthorized, got.StatusCode)
	}
	got, _ := b.entered(t, `{"grant_type":"invitation","code":"`+standing.Reveal()+`"}`)
	require.Equal(t, http.StatusTooManyRequests, got.StatusCode)
	require.Equal(t, "2", got.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/operations", b.token(t, auth.RoleReader), nil).StatusCode, "who has a token is not held up")
	limiter.mu.Lock()
	defer limiter.mu.Unlock()
	require.Equal(t, map[string]int{"address:127.0.0.1": 3}, limiter.seen)
}

func TestMembersThatCannotBeAdded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"again":           {`{"login":"Grace","role":"reader"}`, 409},
		"no role":         {`{"login":"x"}`, 422},
		"another role":    {`{"login":"x","role":"root"}`, 422},
		"a key's subject": {`{"login":"key:1","role":"reader"}`, 422},
		"no address":      {`{"login":"x","role":"reader","email":"nowhere"}`, 422},
		"no pattern":      {`{"login":"x","role":"reader","repositories":["octo"]}`, 422},
		"null":            {`{"login":"x","role":"reader","repositories":null}`, 422},
	} {
		got := b.do(t, http.MethodPost, "/v1/members", b.token(t, auth.RoleAdmin), strings.NewReader(tt.body))
		require.Equal(t, tt.status, got.StatusCode, "%s: %s", name, got.body)
	}
	got := b.do(t, http.MethodPost, "/v1/members/"+missingID+"/invitations", b.token(t, auth.RoleAdmin), nil)
	require.Equal(t, http.StatusNotFound, got.StatusCode)
}
