package upheaval

import (
	"fmt"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// repositoryActions happen to the repository itself and to the people in it.
var repositoryActions = map[string]action{ //nolint:gochecknoglobals // a table
	"starred": func(s *Site, p *picks) error {
		s.Repository.Star(1 + p.of(3))
		return nil
	},
	"repository described": func(s *Site, _ *picks) error {
		text := s.text("about")
		return s.Repository.EditRepository(githubsim.RepositoryEdit{Description: &text})
	},
	"repository renamed": func(s *Site, _ *picks) error {
		s.Server.Rename(s.Repository, "", s.slug(fmt.Sprintf("renamed-%d", s.Repository.ID())))
		return nil
	},
	"user renamed": func(s *Site, p *picks) error {
		login, err := s.somebody(p)
		if err != nil {
			return err
		}
		return s.Repository.RenameUser(login, s.slug("user"))
	},
	"user deleted": func(s *Site, p *picks) error {
		login, err := s.somebody(p)
		if err != nil {
			return err
		}
		return s.Repository.DeleteUser(login)
	},
}

// somebody is a user who opened something and is still there.
func (s *Site) somebody(p *picks) (string, error) {
	o, err := s.one(p, "issues", func(o object) bool { return o.User != nil && o.User.Login != "ghost" })
	if err != nil {
		return "", err
	}
	return o.User.Login, nil
}
