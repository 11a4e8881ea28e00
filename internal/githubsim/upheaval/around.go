package upheaval

import "github.com/holdfast/holdfast/internal/githubsim"

// aroundActions happen around a repository: its stars and forks, what runs and is
// deployed, and discussions. Check runs and statuses are left out: those of old commits
// are not read again, which is said in the status.
var aroundActions = map[string]action{ //nolint:gochecknoglobals // a table
	"starred by somebody":   func(s *Site, p *picks) error { return refused(s.Repository.StarBy(who(p)), "star") },
	"unstarred by somebody": func(s *Site, p *picks) error { return refused(s.Repository.UnstarBy(who(p)), "star") },
	"forked": func(s *Site, p *picks) error {
		_, err := s.Repository.Fork(who(p))
		return refused(err, "fork")
	},
	"fork edited": func(s *Site, p *picks) error {
		login, archived := who(p), p.of(2) == 0
		return refused(s.Repository.EditFork(login, githubsim.ForkEdit{Stars: p.of(2), Pushed: true, Archived: &archived}), "fork")
	},
	"fork deleted": func(s *Site, p *picks) error { return refused(s.Repository.DeleteFork(who(p)), "fork") },
	"run started": func(s *Site, p *picks) error {
		_, err := s.Repository.StartRun(githubsim.NewRun{Workflow: "build", Event: "push", Actor: who(p), Jobs: []string{"test", "lint"}[p.of(2):]})
		return refused(err, "commit")
	},
	"run finished": func(s *Site, p *picks) error {
		return s.withRun(p, func(id int64) error { return s.Repository.FinishRun(id, []string{"success", "failure"}[p.of(2)]) })
	},
	"run repeated": func(s *Site, p *picks) error {
		return s.withRun(p, func(id int64) error { return s.Repository.Rerun(id, who(p)) })
	},
	"run deleted": func(s *Site, p *picks) error { return s.withRun(p, s.Repository.DeleteRun) },
	"deployed": func(s *Site, p *picks) error {
		_, err := s.Repository.CreateDeployment(githubsim.NewDeployment{Environment: []string{"staging", "production"}[p.of(2)], By: who(p)})
		return refused(err, "commit")
	},
	"deployment reported": func(s *Site, p *picks) error {
		return s.with(p, "deployments", func(o object) error {
			_, err := s.Repository.SetDeploymentStatus(o.ID, githubsim.NewDeploymentStatus{State: []string{"success", "failure", "in_progress"}[p.of(3)], By: who(p)})
			return refused(err, "deployment")
		})
	},
	"deployment deleted": func(s *Site, p *picks) error {
		return s.with(p, "deployments", func(o object) error { return refused(s.Repository.DeleteDeployment(o.ID), "deployment") })
	},
	"discussion opened": func(s *Site, p *picks) error {
		s.Repository.SetDiscussions(true)
		_, err := s.Repository.OpenDiscussion(githubsim.NewDiscussion{Title: s.text("discussion"), Body: s.text("body"), By: who(p)})
		return refused(err, "category")
	},
	"discussion edited": func(s *Site, p *picks) error {
		return s.with(p, "discussions", func(o object) error {
			body := s.text("edited")
			return s.Repository.EditDiscussion(o.Number, githubsim.DiscussionEdit{Body: &body, Silent: p.of(2) == 0})
		})
	},
	"discussion commented on": func(s *Site, p *picks) error {
		return s.with(p, "discussions", func(o object) error {
			_, err := s.Repository.CommentOnDiscussion(o.Number, 0, who(p), s.text("comment"))
			return refused(err, "discussion")
		})
	},
	"discussion comment edited": func(s *Site, p *picks) error {
		return s.with(p, "discussion_comments", func(o object) error { return s.Repository.EditDiscussionComment(o.ID, s.text("edited")) })
	},
	"discussion comment deleted": func(s *Site, p *picks) error {
		return s.with(p, "discussion_comments", func(o object) error { return s.Repository.DeleteDiscussionComment(o.ID) })
	},
	"discussion deleted": func(s *Site, p *picks) error {
		return s.with(p, "discussions", func(o object) error { return s.Repository.DeleteDiscussion(o.Number) })
	},
}

// withRun does something to a run that its state may not allow.
func (s *Site) withRun(p *picks, f func(id int64) error) error {
	return s.with(p, "workflow_runs", func(o object) error { return refused(f(o.ID), "run in such a state") })
}

// refused takes what the simulator does not allow for something that is not there.
func refused(err error, what string) error {
	if err != nil {
		return nothingError(what)
	}
	return nil
}
