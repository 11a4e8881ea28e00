package api

import (
	"errors"
	"regexp"
	"strings"
)

// GitHub's rules for names, as its sign-up and creation forms state them. Owners of
// enterprise managed users also hold an underscore ("octo_corp").
var (
	ownerNames      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$`)
	repositoryNames = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
)

// parseOrganization checks an organization's login. Its errors say what to write instead.
func parseOrganization(login string) error {
	switch {
	case strings.Contains(login, "/"):
		return errors.New("must be a login such as octo-corp; owner/name is a repository")
	case !ownerNames.MatchString(login):
		return errors.New("is a login that GitHub does not allow: at most 39 letters, digits and hyphens, the first no hyphen")
	}
	return nil
}

// parseRepository checks a repository's full name, "owner/name". Its errors say
// what to write instead.
func parseRepository(full string) error {
	owner, name, found := strings.Cut(full, "/")
	switch {
	case strings.Contains(full, "://") || strings.HasPrefix(full, "git@"):
		return errors.New("must be owner/name, not a URL")
	case !found || owner == "" || name == "" || strings.Contains(name, "/"):
		return errors.New("must be owner/name, such as octocat/hello-world")
	case !ownerNames.MatchString(owner):
		return errors.New("has an owner that GitHub does not allow: at most 39 letters, digits and hyphens, the first no hyphen")
	case !repositoryNames.MatchString(name):
		return errors.New("has a name that GitHub does not allow: at most 100 letters, digits, hyphens, underscores and dots")
	case name == "." || name == "..":
		return errors.New("has a name that GitHub reserves")
	case strings.HasSuffix(strings.ToLower(name), ".git"):
		return errors.New("must be named without .git at its end")
	}
	return nil
}
