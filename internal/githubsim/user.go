package githubsim

import (
	"hash/fnv"
	"strings"
)

type userKind uint8

const (
	kindUser userKind = iota
	kindOrganization
	kindBot
)

func (k userKind) String() string { return [...]string{"User", "Organization", "Bot"}[k] }

// nobody is the index of a user that GitHub shows as null.
const nobody int32 = -1

type user struct {
	id          int64
	kind        userKind
	login       string
	name, email string // what git says of the user
	json        []byte // the embedded shape, rendered
}

// loginID derives a user's number from a login.
func loginID(login string) int64 {
	return 1000 + int64(hashOf("user", strings.ToLower(login))%150_000_000)
}

// hashOf is a stable hash of strings.
func hashOf(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return mix(h.Sum64())
}

// mix spreads the bits of x (SplitMix64's finalizer).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// addUser is the index of the user with a login, who is made if need be.
// No login is nobody.
func (r *Repository) addUser(login string) int32 {
	if login == "" {
		return nobody
	}
	key := strings.ToLower(login)
	if i, ok := r.byLogin[key]; ok {
		return i
	}
	u := user{login: login, id: loginID(login), name: login, email: key + "@users.noreply.github.com"}
	if strings.HasSuffix(login, "[bot]") {
		u.kind = kindBot
	}
	for r.userWithID(u.id) {
		u.id++
	}
	i := int32(len(r.users))
	r.users = append(r.users, u)
	r.byLogin[key] = i
	r.renderUser(i)
	return i
}

func (r *Repository) userWithID(id int64) bool {
	for i := range r.users {
		if r.users[i].id == id {
			return true
		}
	}
	return false
}

func (r *Repository) renderUser(i int32) {
	e := encoder{b: r.users[i].json[:0]}
	e.user(&r.users[i])
	r.users[i].json = e.b
}

// user writes GitHub's simple-user.
func (e *encoder) user(u *user) { e.viewOfUser(u, "public").raw("}") }

// viewOfUser writes a user as all others see one (public) or as they see themselves
// (private), without the closing brace.
func (e *encoder) viewOfUser(u *user, view string) *encoder {
	e.raw(`{"login":`).str(u.login).raw(`,"id":`).num(u.id).raw(`,"node_id":`).userNode(u)
	e.raw(`,"avatar_url":`).str(u.avatar()).raw(`,"gravatar_id":""`)
	api := apiRoot + "/users/" + strings.NewReplacer("[", "%5B", "]", "%5D").Replace(u.login)
	e.raw(`,"url":`).str(api).raw(`,"html_url":`).str(u.page())
	for _, link := range userLinks {
		e.raw(`,"`).raw(link[0]).raw(`":`).str(api + link[1])
	}
	e.raw(`,"type":`).str(u.kind.String()).raw(`,"user_view_type":`).str(view)
	return e.raw(`,"site_admin":false`)
}

func (e *encoder) userNode(u *user) {
	switch u.kind {
	case kindOrganization:
		e.rootNode("O_", u.id)
	case kindBot:
		e.rootNode("BOT_", u.id)
	default:
		e.rootNode("U_", u.id)
	}
}

// avatar is the address of the user's picture; that of a bot is its app's.
func (u *user) avatar() string {
	if u.kind == kindBot {
		return "https://avatars.githubusercontent.com/in/" + decimal(u.id%1_000_000) + "?v=4"
	}
	return "https://avatars.githubusercontent.com/u/" + decimal(u.id) + "?v=4"
}

// page is the address of the user's page; that of a bot is its app's.
func (u *user) page() string {
	if u.kind == kindBot {
		return webRoot + "/apps/" + strings.TrimSuffix(u.login, "[bot]")
	}
	return webRoot + "/" + u.login
}

var userLinks = [...][2]string{
	{"followers_url", "/followers"},
	{"following_url", "/following{/other_user}"},
	{"gists_url", "/gists{/gist_id}"},
	{"starred_url", "/starred{/owner}{/repo}"},
	{"subscriptions_url", "/subscriptions"},
	{"organizations_url", "/orgs"},
	{"repos_url", "/repos"},
	{"events_url", "/events{/privacy}"},
	{"received_events_url", "/received_events"},
}

// userRef writes a user who may be nobody, which GitHub shows as null.
func (e *encoder) userRef(r *Repository, i int32) *encoder {
	if i == nobody {
		return e.raw("null")
	}
	return e.json(r.users[i].json)
}

// userOrGhost writes a user where GitHub's description allows no null.
func (e *encoder) userOrGhost(r *Repository, i int32) *encoder {
	if i == nobody {
		e.user(&user{login: "ghost", id: 10137})
		return e
	}
	return e.json(r.users[i].json)
}

func (e *encoder) userRefs(r *Repository, users []int32) *encoder {
	e.raw("[")
	for n, i := range users {
		if n > 0 {
			e.raw(",")
		}
		e.userRef(r, i)
	}
	return e.raw("]")
}
