package githubsim

import "time"

// Spec says what Generate makes: how many items of each collection, exactly.
type Spec struct {
	Owner, Name string // default: harborline/relay
	ID          int64  // default: derived from the name

	Labels, Milestones int
	Issues             int // that are no pull request; lists of issues show the pulls as well
	Pulls              int
	IssueComments      int // on issues and pulls
	Reviews            int // none without pulls
	ReviewComments     int // none without reviews
	Commits            int // that the default branch reaches
	Branches           int // the default branch included
	Tags, Releases     int
	Discussions        int // default: none, and discussions are switched off
	DiscussionComments int // replies included; none without discussions
	IssueEvents        int // default: none; none without issues and pulls
	Stargazers         int // default: none, though the repository counts stars
	Forks              int // beyond those that pull requests come from; default: none
	Collaborators      int // default: none; at most People
	WorkflowRuns       int // of commits of the default branch; default: none
	WorkflowJobs       int // each is a check run as well; none without runs
	Deployments        int // default: none
	DeploymentStatuses int // none without deployments
	CheckRuns          int // of apps, beyond those that jobs are; default: none
	CommitStatuses     int // default: none
	People             int // default: grows with the number of items

	Until time.Time // the newest date; default: 2025-06-30
	Years int       // how far the oldest date lies back; default: 6
}

// SpecForItems is a believable mix of n items over all collections (a few more
// if n is below a hundred), counted as lists count them: a pull request is also
// an issue.
func SpecForItems(n int) Spec {
	part := func(perMille int) int { return n * perMille / 1000 }
	small := func(perMille, most int) int { return min(1+part(perMille), most) }
	s := Spec{
		Labels:         small(5, 60),
		Milestones:     small(3, 40),
		Issues:         part(150),
		Pulls:          part(90),
		IssueComments:  part(290),
		Reviews:        part(100),
		ReviewComments: part(120),
		Commits:        part(140),
		Branches:       small(8, 400),
		Tags:           small(6, 300),
		Releases:       small(5, 250),
	}
	s.IssueComments = max(s.IssueComments+n-s.Items(), 0)
	return s
}

// Items is the number of items of all collections that the spec makes,
// the repository included.
func (s Spec) Items() int {
	s = s.possible()
	return 1 + s.Labels + s.Milestones + s.Issues + 2*s.Pulls + s.IssueComments + s.Reviews +
		s.ReviewComments + s.Commits + s.Branches + s.Tags + s.Releases + s.Discussions + s.DiscussionComments +
		s.IssueEvents + s.Stargazers + s.Forks + s.Collaborators +
		s.WorkflowRuns + 2*s.WorkflowJobs + s.Deployments + s.DeploymentStatuses + s.CheckRuns + s.CommitStatuses
}

// bare is the spec without what happens around the rest, which is the same with it.
func (s Spec) bare() Spec {
	s.IssueEvents, s.Stargazers, s.Forks, s.Collaborators = 0, 0, 0, 0
	s.WorkflowRuns, s.WorkflowJobs, s.Deployments, s.DeploymentStatuses, s.CheckRuns, s.CommitStatuses = 0, 0, 0, 0, 0, 0
	return s
}

func (s Spec) withDefaults() Spec {
	if s.Owner == "" {
		s.Owner = "harborline"
	}
	if s.Name == "" {
		s.Name = "relay"
	}
	if s.ID == 0 {
		s.ID = 100_000_000 + int64(hashOf("repository", s.Owner, s.Name)%900_000_000)
	}
	if s.People == 0 {
		s.People = min(12+s.bare().Items()/60, 1500)
	}
	if s.Until.IsZero() {
		s.Until = time.Date(2025, 6, 30, 16, 0, 0, 0, time.UTC)
	}
	if s.Years == 0 {
		s.Years = 6
	}
	return s.possible()
}

// possible leaves out what cannot be without something else.
func (s Spec) possible() Spec {
	if s.Pulls == 0 {
		s.Reviews = 0
	}
	if s.Reviews == 0 {
		s.ReviewComments = 0
	}
	if s.Discussions == 0 {
		s.DiscussionComments = 0
	}
	if s.Issues+s.Pulls == 0 {
		s.IssueComments, s.IssueEvents = 0, 0
	}
	if s.Commits == 0 {
		s.Branches, s.Tags, s.Releases = 0, 0, 0
		s.WorkflowRuns, s.Deployments, s.CheckRuns, s.CommitStatuses = 0, 0, 0, 0
	} else {
		s.Branches = max(s.Branches, 1)
	}
	if s.WorkflowRuns == 0 {
		s.WorkflowJobs = 0
	}
	if s.Deployments == 0 {
		s.DeploymentStatuses = 0
	}
	return s
}
