package upheaval

import (
	"time"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// gitActions happen to commits, branches, tags and releases.
var gitActions = map[string]action{ //nolint:gochecknoglobals // a table
	"pushed": func(s *Site, p *picks) error {
		var commits []githubsim.NewCommit
		for range 1 + p.of(4) {
			commits = append(commits, githubsim.NewCommit{Message: s.text("change"), By: who(p)})
		}
		s.Repository.Push(s.Repository.DefaultBranch(), commits...)
		return nil
	},
	"old commits pushed": func(s *Site, p *picks) error {
		s.Repository.Push(s.Repository.DefaultBranch(), githubsim.NewCommit{
			Message: s.text("old"), By: who(p), Date: time.Date(2015+p.of(8), 3, 1, 0, 0, 0, 0, time.UTC),
		})
		return nil
	},
	"forced push": func(s *Site, p *picks) error {
		return s.with(p, "commits", func(o object) error {
			_, err := s.Repository.ForcePush(s.Repository.DefaultBranch(), o.SHA, githubsim.NewCommit{Message: s.text("instead"), By: who(p)})
			return err
		})
	},
	"forced back": func(s *Site, p *picks) error {
		return s.with(p, "commits", func(o object) error { return s.Repository.SetBranch(s.Repository.DefaultBranch(), o.SHA) })
	},
	"history replaced": func(s *Site, p *picks) error {
		_, err := s.Repository.ForcePush(s.Repository.DefaultBranch(), "", githubsim.NewCommit{Message: s.text("anew"), By: who(p)})
		return err
	},
	"commits pruned": func(s *Site, _ *picks) error {
		s.Repository.Prune()
		return nil
	},
	"branch pushed": func(s *Site, p *picks) error {
		s.Repository.Push(s.slug("branch"), githubsim.NewCommit{Message: s.text("change"), By: who(p)})
		return nil
	},
	"branch deleted": func(s *Site, p *picks) error {
		o, err := s.one(p, "branches", func(o object) bool { return o.Name != s.Repository.DefaultBranch() })
		if err != nil {
			return err
		}
		return s.Repository.DeleteBranch(o.Name)
	},
	"tag set": func(s *Site, p *picks) error {
		return s.with(p, "commits", func(o object) error {
			return s.Repository.SetTag([]string{"moving", s.slug("tag")}[p.of(2)], o.SHA)
		})
	},
	"tag deleted": func(s *Site, p *picks) error {
		return s.with(p, "tags", func(o object) error { return s.Repository.DeleteTag(o.Name) })
	},
	"release created": func(s *Site, p *picks) error {
		s.Repository.CreateRelease(githubsim.NewRelease{Tag: s.slug("v"), Name: s.text("release"), By: who(p)})
		return nil
	},
	"release edited": func(s *Site, p *picks) error {
		return s.with(p, "releases", func(o object) error {
			body := s.text("notes")
			return s.Repository.EditRelease(o.ID, githubsim.ReleaseEdit{Body: &body})
		})
	},
	"release deleted": func(s *Site, p *picks) error {
		return s.with(p, "releases", func(o object) error { return s.Repository.DeleteRelease(o.ID) })
	},
	"assets downloaded": func(s *Site, p *picks) error {
		s.Repository.Download(1 + p.of(5))
		return nil
	},
}
