package upheaval

import "github.com/holdfast/holdfast/internal/githubsim"

// issueActions happen to issues and their comments, most to pull requests as well.
var issueActions = map[string]action{ //nolint:gochecknoglobals // a table
	"issue opened": func(s *Site, p *picks) error {
		_, err := s.Repository.OpenIssue(githubsim.NewIssue{
			Title: s.text("issue"), Body: s.text("nul \x00 and"), By: who(p), Labels: []string{"bug", "upheaval"}[:p.of(3)],
		})
		return err
	},
	"issue edited":          editIssue(false),
	"issue silently edited": editIssue(true),
	"issue closed or reopened": func(s *Site, p *picks) error {
		return s.withIssue(p, isIssue, func(o object) error {
			state := "closed"
			if o.State == state {
				state = "open"
			}
			return s.Repository.EditIssue(o.Number, githubsim.IssueEdit{State: &state, By: who(p)})
		})
	},
	"issue locked": func(s *Site, p *picks) error {
		return s.withIssue(p, anyOne, func(o object) error {
			locked := p.of(2) == 0
			return s.Repository.EditIssue(o.Number, githubsim.IssueEdit{Locked: &locked, Silent: true})
		})
	},
	"issue assigned": func(s *Site, p *picks) error {
		return s.withIssue(p, anyOne, func(o object) error {
			return s.Repository.EditIssue(o.Number, githubsim.IssueEdit{Assignees: &[]string{who(p)}})
		})
	},
	"issue labeled": func(s *Site, p *picks) error {
		return s.withIssue(p, anyOne, func(o object) error {
			return s.Repository.SetLabels(o.Number, []string{"upheaval", "bug", s.text("label")}[p.of(3):]...)
		})
	},
	"labels reordered": func(s *Site, p *picks) error {
		return s.withIssue(p, func(o object) bool { return len(o.Labels) > 1 }, func(o object) error {
			return s.Repository.ReorderLabels(o.Number)
		})
	},
	"issue reacted to": func(s *Site, p *picks) error {
		return s.withIssue(p, anyOne, func(o object) error { return s.Repository.React(o.Number) })
	},
	"issue deleted": func(s *Site, p *picks) error {
		return s.withIssue(p, isIssue, func(o object) error { return s.Repository.DeleteIssue(o.Number) })
	},
	"issue transferred": func(s *Site, p *picks) error {
		if s.Dock == nil {
			return nothingError("other repository")
		}
		return s.withIssue(p, isIssue, func(o object) error {
			_, err := s.Server.Transfer(s.Repository, o.Number, s.Dock)
			return err
		})
	},
	"issue commented on": func(s *Site, p *picks) error {
		return s.withIssue(p, anyOne, func(o object) error {
			_, err := s.Repository.AddIssueComment(o.Number, who(p), s.text("comment"))
			return err
		})
	},
	"comment edited": func(s *Site, p *picks) error {
		return s.with(p, "issue_comments", func(o object) error { return s.Repository.EditIssueComment(o.ID, s.text("edited")) })
	},
	"comment silently edited": func(s *Site, p *picks) error {
		return s.with(p, "issue_comments", func(o object) error {
			return s.Repository.EditIssueComment(o.ID, s.text("edited"), githubsim.Silent)
		})
	},
	"comment deleted": func(s *Site, p *picks) error {
		return s.with(p, "issue_comments", func(o object) error { return s.Repository.DeleteIssueComment(o.ID) })
	},
}

func editIssue(silent bool) action {
	return func(s *Site, p *picks) error {
		return s.withIssue(p, anyOne, func(o object) error {
			title, body := s.text("edited"), s.text("body")
			return s.Repository.EditIssue(o.Number, githubsim.IssueEdit{Title: &title, Body: &body, Silent: silent})
		})
	}
}

func (s *Site) withIssue(p *picks, wanted func(object) bool, f func(object) error) error {
	o, err := s.one(p, "issues", wanted)
	if err != nil {
		return err
	}
	return f(o)
}

// with does something to any item of a collection.
func (s *Site) with(p *picks, collection string, f func(object) error) error {
	o, err := s.one(p, collection, anyOne)
	if err != nil {
		return err
	}
	return f(o)
}
