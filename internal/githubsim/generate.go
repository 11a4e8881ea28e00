package githubsim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Generate makes up a repository: people, threads, reviews, a history with
// merges, all with dates over years in working hours. The same seed and spec
// give the same repository to the byte.
func Generate(seed uint64, spec Spec) *Repository {
	spec = spec.withDefaults()
	g := &generator{
		Repository: newRepository(spec.Owner, spec.Name, spec.ID),
		random:     newRandom(seed),
		spec:       spec,
		end:        stampOf(spec.Until),
		start:      stampOf(spec.Until.AddDate(-spec.Years, 0, 0)),
	}
	g.person()
	g.about()
	g.labelling()
	g.planning()
	g.threads()
	g.discussion()
	g.reviewing()
	g.history()
	g.releasing()
	g.discussing()
	g.happening()
	g.starring()
	g.forking()
	g.inviting()
	g.continuing()
	g.finish()
	return g.Repository
}

// generator makes one repository.
type generator struct {
	*Repository
	*random
	spec       Spec
	start, end stamp
	people     []int32 // users without the owner; the first are the busiest
	core       int     // how many of them are maintainers
	forkOf     map[int32]int32
	ids        int64
}

func (g *generator) person() {
	for len(g.people) < g.spec.People {
		given, family := pick(g.random, givenNames), pick(g.random, familyNames)
		login := g.login(given, family)
		if _, taken := g.byLogin[login]; taken {
			login += strconv.Itoa(len(g.people))
		}
		i := g.addUser(login)
		g.users[i].name = capital(given) + " " + capital(family)
		g.users[i].email = given + "." + family + "@example.com"
		g.people = append(g.people, i)
		g.corpus.mentions = append(g.corpus.mentions, login)
	}
	g.core = min(3+len(g.people)/40, len(g.people), 14)
	g.forkOf = make(map[int32]int32)
}

func (g *generator) login(given, family string) string {
	switch g.below(5) {
	case 0:
		return given + "-" + family
	case 1:
		return given[:1] + family
	case 2:
		return given + family[:1] + strconv.Itoa(70+g.below(30))
	case 3:
		return given + family
	default:
		return family + "-" + given[:1]
	}
}

func capital(s string) string { return string(s[0]-'a'+'A') + s[1:] }

func (g *generator) about() {
	info := &g.info
	info.description = "A small message queue with at-least-once delivery"
	info.homepage = "https://" + info.name + ".example.com"
	info.language, info.license = "Go", "Apache-2.0"
	info.topics = []string{"go", "message-queue", "distributed-systems", "grpc"}
	info.stars = int32(g.spec.bare().Items()/8 + g.below(900))
	info.size = int32(2000 + g.spec.Commits*3)
	g.subscribers = info.stars/30 + 5
	info.created, info.updated, info.pushed = g.start, g.end, g.end
}

// someone is a person, the busy ones more often.
func (g *generator) someone() int32 { return g.people[g.skewed(len(g.people), 2.2)] }

func (g *generator) maintainer() int32 { return g.people[g.below(g.core)] }

func (g *generator) associationOf(person int32) association {
	switch n := slices.Index(g.people[:g.core], person); {
	case n >= 0:
		return assocMember
	case g.users[person].id%4 == 0:
		return assocNone
	default:
		return assocContributor
	}
}

// newID is the next id, with gaps as if others used some in between.
func (g *generator) newID() int64 {
	if g.ids == 0 {
		g.ids = 400_000_000 + int64(g.below(90_000_000))
	}
	g.ids += int64(1 + g.below(900)/100)
	return g.ids
}

func (g *generator) newText(kind textKind) text {
	return text{seed: uint32(g.next()) | 1, kind: kind}
}

// someReactions packs a few reactions, most often none.
func (g *generator) someReactions(chance float64) uint32 {
	if !g.chance(chance) {
		return 0
	}
	packed := uint32(1 + g.below(9))
	if g.chance(0.4) {
		packed |= uint32(1+g.below(5)) << (4 * (1 + g.below(7)))
	}
	return packed
}

// moments are n working times over the repository's life, ascending.
func (g *generator) moments(n int) []stamp {
	at := make([]stamp, n)
	for i := range at {
		at[i] = min(g.working(g.start+stamp(g.float()*float64(g.end-g.start))), g.end)
	}
	slices.Sort(at)
	return at
}

// working is a time at or soon after at, at which people work.
func (g *generator) working(at stamp) stamp {
	const day = 24 * 3600
	if g.chance(0.1) {
		return at // some always work
	}
	midnight := at - at%day
	if hour := (at % day) / 3600; hour < 7 || hour > 20 {
		if hour > 20 {
			midnight += day
		}
		at = midnight + stamp(8*3600+g.below(11*3600))
	}
	switch midnight.time().Weekday() {
	case time.Saturday:
		at += 2 * day
	case time.Sunday:
		at += day
	}
	return at
}

// later is a working time after at, about mean days after it, not after the end.
func (g *generator) later(at stamp, mean float64) stamp {
	if at >= g.end {
		return g.end
	}
	then := float64(at) + 60 + g.wait(mean*24*3600)
	if then >= float64(g.end) {
		return at + stamp(g.float()*float64(g.end-at))
	}
	return min(g.working(stamp(then)), g.end)
}

// ascending sorts items by time, the earliest first, and keeps the order of equals.
func ascending[T any](items []T, at func(*T) stamp) {
	slices.SortStableFunc(items, func(a, b T) int { return cmp.Compare(at(&a), at(&b)) })
}
