package upheaval

import (
	"fmt"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// labelActions happen to labels and milestones.
var labelActions = map[string]action{ //nolint:gochecknoglobals // a table
	"label created": func(s *Site, _ *picks) error {
		_, err := s.Repository.CreateLabel(s.text("made"), "ededed", "")
		return err
	},
	"label edited": func(s *Site, p *picks) error {
		return s.with(p, "labels", func(o object) error {
			return s.Repository.EditLabel(o.Name, githubsim.LabelEdit{
				Name: []string{"", s.text("renamed")}[p.of(2)], Color: fmt.Sprintf("%06x", p.of(1<<24)), Description: s.text("about"),
			})
		})
	},
	"label deleted": func(s *Site, p *picks) error {
		return s.with(p, "labels", func(o object) error { return s.Repository.DeleteLabel(o.Name) })
	},
	"milestone created": func(s *Site, p *picks) error {
		s.Repository.AddMilestone(s.text("milestone"), "", who(p))
		return nil
	},
	"milestone edited": func(s *Site, p *picks) error {
		return s.with(p, "milestones", func(o object) error {
			title, state := s.text("milestone"), []string{"open", "closed"}[p.of(2)]
			return s.Repository.EditMilestone(o.Number, githubsim.MilestoneEdit{Title: &title, State: &state})
		})
	},
	"milestone deleted": func(s *Site, p *picks) error {
		return s.with(p, "milestones", func(o object) error { return s.Repository.DeleteMilestone(o.Number) })
	},
	"milestone set": func(s *Site, p *picks) error {
		return s.with(p, "milestones", func(m object) error {
			return s.withIssue(p, anyOne, func(o object) error {
				return s.Repository.EditIssue(o.Number, githubsim.IssueEdit{Milestone: &m.Number, Silent: p.of(2) == 0})
			})
		})
	},
}
