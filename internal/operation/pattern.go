package operation

import (
	"path"
	"regexp"
	"strings"
)

// Patterns are repositories by their names, owner/name, in which * stands for any
// characters of one of the two. None at all: every repository. GitHub does not tell
// names apart by case.
type Patterns []string

var pattern = regexp.MustCompile(`^[A-Za-z0-9_.*-]{1,100}/[A-Za-z0-9_.*-]{1,100}$`)

// ValidPattern tells whether a text is a pattern.
func ValidPattern(text string) bool { return pattern.MatchString(text) }

// Match tells whether a repository is one of them, or with an empty name one of the
// owner's at least.
func (p Patterns) Match(owner, name string) bool {
	owner, name = strings.ToLower(owner), strings.ToLower(name)
	for _, one := range p {
		ofOwner, ofName, _ := strings.Cut(strings.ToLower(one), "/")
		if matches(ofOwner, owner) && (name == "" || matches(ofName, name)) {
			return true
		}
	}
	return len(p) == 0
}

// MatchSubject tells whether the subject of an operation is covered: a repository, or
// all repositories of an owner.
func (p Patterns) MatchSubject(subject string) bool {
	owner, name, one := strings.Cut(subject, "/")
	if !one {
		name = "*" // which only * matches
	}
	return p.Match(owner, name)
}

// Likes are the patterns as Postgres' LIKE has them, in lower case; nil where there are
// none. A subject without a name is compared as owner/*.
func (p Patterns) Likes() []string {
	var likes []string
	escape := strings.NewReplacer(`_`, `\_`, `*`, `%`)
	for _, one := range p {
		likes = append(likes, escape.Replace(strings.ToLower(one)))
	}
	return likes
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
