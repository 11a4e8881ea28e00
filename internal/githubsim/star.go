package githubsim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// starMedia is the media type in which stars have their time.
// Source: docs.github.com/rest/activity/starring#list-stargazers.
const starMedia = "application/vnd.github.star+json"

// listedStars is how many stars GitHub lists: 400 pages of 100.
const listedStars = 40_000

// stargazer is a user who has starred the repository.
type stargazer struct {
	user int32
	at   stamp
}

// Star lets n more users star the repository, or takes the last -n stars back. What a
// generated repository had before are stars that only the counters know, unless its
// Spec asked for stargazers.
func (r *Repository) Star(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range n {
		r.stargazers = append(r.stargazers, stargazer{r.addFan(), r.now()})
	}
	r.stargazers = r.stargazers[:len(r.stargazers)-min(max(-n, 0), len(r.stargazers))]
	r.countStars(n)
}

// StarBy lets a user star the repository.
func (r *Repository) StarBy(login string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := r.addUser(login)
	if user == nobody || r.starredBy(user) >= 0 {
		return fmt.Errorf("%q cannot star the repository", login)
	}
	r.stargazers = append(r.stargazers, stargazer{user, r.now()})
	r.countStars(1)
	return nil
}

// UnstarBy takes a user's star back.
func (r *Repository) UnstarBy(login string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.starredBy(r.addUser(login))
	if i < 0 {
		return fmt.Errorf("%q has not starred the repository", login)
	}
	r.stargazers = slices.Delete(r.stargazers, i, i+1)
	r.countStars(-1)
	return nil
}

func (r *Repository) starredBy(user int32) int {
	return slices.IndexFunc(r.stargazers, func(s stargazer) bool { return s.user == user })
}

func (r *Repository) countStars(n int) {
	r.info.stars = max(r.info.stars+int32(n), 0)
	r.touch()
	r.tellStars(n)
}

// firstFan is above the numbers that logins get.
const firstFan = 160_000_000

// addFan adds a user of whom nothing else is known. Unlike addUser it does not go
// through all others: there may be tens of thousands.
func (r *Repository) addFan() int32 {
	i := int32(len(r.users))
	login := "fan-" + strconv.Itoa(int(i))
	if _, taken := r.byLogin[login]; taken {
		return r.addUser(login + "-" + strconv.Itoa(len(r.stargazers)))
	}
	r.users = append(r.users, user{login: login, id: firstFan + int64(i), name: login, email: login + "@users.noreply.github.com"})
	r.byLogin[login] = i
	r.renderUser(i)
	return i
}

// stargazers lists who has starred the repository, the first one first.
func (q *query) stargazerList() {
	stars := q.Repository.stargazers
	total := min(len(stars), listedStars)
	if p := q.page(); (p.number-1)*p.size >= listedStars {
		q.problem(http.StatusUnprocessableEntity, "In order to keep the API fast for everyone, pagination is limited for this resource. "+
			"Check the rel=last link relation in the Link response header to see how far back you can traverse.", "https://docs.github.com/rest"+q.route.docs)
		return
	}
	timed := strings.Contains(q.req.Header.Get("Accept"), starMedia)
	q.plain(total, func(n int) {
		if timed {
			q.enc.stargazer(q.Repository, &stars[n])
		} else {
			q.enc.userRef(q.Repository, stars[n].user)
		}
	})
}

// stargazer writes a star with its time.
func (e *encoder) stargazer(r *Repository, s *stargazer) {
	e.raw(`{"starred_at":`).time(s.at).raw(`,"user":`).userRef(r, s.user).raw("}")
}
