package upheaval

import "github.com/holdfast/holdfast/internal/githubsim"

// pullActions happen to pull requests and their reviews.
var pullActions = map[string]action{ //nolint:gochecknoglobals // a table
	"pull opened": func(s *Site, p *picks) error {
		branch := s.slug("topic")
		s.Repository.Push(branch, githubsim.NewCommit{Message: s.text("change"), By: who(p)})
		_, err := s.Repository.OpenPull(githubsim.NewPull{
			NewIssue: githubsim.NewIssue{Title: s.text("pull"), By: who(p), Labels: []string{"upheaval"}}, Head: branch, Draft: p.of(2) == 0,
		})
		return err
	},
	"pull opened from a fork": func(s *Site, p *picks) error {
		_, err := s.Repository.OpenPull(githubsim.NewPull{
			NewIssue: githubsim.NewIssue{Title: s.text("pull"), By: who(p)}, Head: "topic", Fork: who(p),
		})
		return err
	},
	"pull closed or reopened": func(s *Site, p *picks) error {
		return s.withPull(p, isUnmerged, func(o object) error {
			state := "closed"
			if o.State == state {
				state = "open"
			}
			return s.Repository.EditIssue(o.Number, githubsim.IssueEdit{State: &state, By: who(p)})
		})
	},
	"pull merged": func(s *Site, p *picks) error {
		return s.withPull(p, isOpen, func(o object) error { return s.Repository.MergePull(o.Number, who(p)) })
	},
	"pull drafted": func(s *Site, p *picks) error {
		return s.withPull(p, isOpen, func(o object) error { return s.Repository.SetDraft(o.Number, p.of(2) == 0) })
	},
	"fork lost": func(s *Site, p *picks) error {
		return s.withPull(p, isFromAFork, func(o object) error { return s.Repository.LoseFork(o.Number) })
	},
	"pull vanished": func(s *Site, p *picks) error {
		return s.withPull(p, anyOne, func(o object) error { return s.Repository.VanishPull(o.Number) })
	},
	"pull reviewed": func(s *Site, p *picks) error {
		return s.withPull(p, anyOne, func(o object) error {
			_, err := s.Repository.AddReview(o.Number, githubsim.NewReview{
				By: who(p), State: []string{"APPROVED", "CHANGES_REQUESTED", "COMMENTED"}[p.of(3)], Body: s.text("review"),
				Comments: []githubsim.NewReviewComment{{Path: "main.go", Line: 3, Body: s.text("remark")}},
			})
			return err
		})
	},
	"review edited": func(s *Site, p *picks) error {
		return s.with(p, "reviews", func(o object) error { return s.Repository.EditReview(o.ID, s.text("edited")) })
	},
	"review dismissed": func(s *Site, p *picks) error {
		return s.with(p, "reviews", func(o object) error { return s.Repository.DismissReview(o.ID) })
	},
	"review deleted": func(s *Site, p *picks) error {
		return s.with(p, "reviews", func(o object) error { return s.Repository.DeleteReview(o.ID, p.of(2) == 0) })
	},
	"review comment edited": func(s *Site, p *picks) error {
		return s.with(p, "review_comments", func(o object) error {
			if p.of(2) == 0 {
				return s.Repository.EditReviewComment(o.ID, s.text("edited"), githubsim.Silent)
			}
			return s.Repository.EditReviewComment(o.ID, s.text("edited"))
		})
	},
	"review comment deleted": func(s *Site, p *picks) error {
		return s.with(p, "review_comments", func(o object) error { return s.Repository.DeleteReviewComment(o.ID) })
	},
}

func (s *Site) withPull(p *picks, wanted func(object) bool, f func(object) error) error {
	o, err := s.one(p, "pulls", wanted)
	if err != nil {
		return err
	}
	return f(o)
}
