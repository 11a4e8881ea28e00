package githubsim

import "time"

// Spec says what Generate makes: how many items of each collection, exactly.
type Spec struct {
	Owner, Name string // default: harborline/relay

	Labels, Milestones int
	Issues             int // that are no pull request; lists of issues show the pulls as well
	Pulls              int
	IssueComments      int // on issues and pulls
	Reviews            int // none without pulls
	ReviewComments     int // none without reviews
	Commits            int // that the default branch reaches
	Branches           int // the default branch included
	Tags, Releases     int
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
		s.ReviewComments + s.Commits + s.Branches + s.Tags + s.Releases
}

func (s Spec) withDefaults() Spec {
	if s.Owner == "" {
		s.Owner = "harborline"
	}
	if s.Name == "" {
		s.Name = "relay"
	}
	if s.People == 0 {
		s.People = min(12+s.Items()/60, 1500)
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
	if s.Issues+s.Pulls == 0 {
		s.IssueComments = 0
	}
	if s.Commits == 0 {
		s.Branches, s.Tags, s.Releases = 0, 0, 0
	} else {
		s.Branches = max(s.Branches, 1)
	}
	return s
}
