package githubsim

import (
	"strings"
	"sync"
	"time"
)

// Repository is one repository that a Server can serve. All of its methods are
// safe for concurrent use.
type Repository struct {
	mu    sync.RWMutex
	clock func() time.Time
	hooks func(event, action string, payload func() []byte) // nil: nobody is told
	info  repoInfo
	forks []repoInfo
	api   string // URL of the repository on api.github.com
	web   string // URL of the repository on github.com

	subscribers int32
	gone        bool
	blocked     *Block

	users   []user
	byLogin map[string]int32
	nodes   map[nodeKey]string // node ids that an archive gave
	corpus  *corpus

	labels     []label
	milestones []milestone
	issues     []issue // by number, ascending
	pulls      []pull
	comments   []comment
	reviews    []review
	remarks    []reviewComment
	releases   []release
	categories []category

	discussions        []discussion // by number, ascending
	discussionComments []discussionComment
	git                git

	issueTable, pullTable, commentTable, remarkTable, discussionTable *table

	events        []issueEvent // the oldest first
	stargazers    []stargazer  // the first one first
	collaborators []collaborator
	pushable      bool // tokens may push

	workflows   []workflow
	runs        []workflowRun // the oldest first
	deployments []deployment  // the oldest first
	checkRuns   []checkRun
	statuses    []commitStatus
	lastRun     int64

	lastNumber int32
	lastID     int64
	lastEvent  int64
	numbers    map[int32]tombstone // numbers of deleted and transferred issues
}

// tombstone marks the number of an issue that was deleted, or transferred to a repository.
type tombstone struct {
	repository int64 // 0: it was deleted
	number     int32 // there
}

type nodeKey struct {
	kind string
	id   int64
}

// repoInfo is what GitHub tells of a repository wherever it embeds one.
type repoInfo struct {
	id                       int64
	owner                    int32
	name, fullName           string
	description, homepage    string
	language                 string
	license                  string // SPDX id, or none
	topics                   []string
	defaultBranch            string
	fork, private, archived  bool
	lost                     bool // a fork that was deleted
	hasIssues                bool
	hasDiscussions           bool
	stars, forks, size       int32
	openIssues               int32
	created, updated, pushed stamp
	json                     []byte // the embedded shape, rendered
}

// Block is why a repository answers 451.
type Block struct {
	Reason    string // such as "dmca" or "sensitive_data"
	CreatedAt time.Time
	URL       string // of the notice
}

const (
	apiRoot = "https://api.github.com"
	webRoot = "https://github.com"
)

func newRepository(owner, name string, id int64) *Repository {
	r := &Repository{
		clock:   time.Now,
		byLogin: make(map[string]int32),
		nodes:   make(map[nodeKey]string),
		numbers: make(map[int32]tombstone),
		corpus:  newCorpus(),
		git:     newGit(),
	}
	r.info = repoInfo{id: id, name: name, hasIssues: true, defaultBranch: "main"}
	r.info.owner = r.addUser(owner)
	r.users[r.info.owner].kind = kindOrganization
	r.issueTable = newTable(issueRows{r})
	r.pullTable = newTable(pullRows{r})
	r.commentTable = newTable(commentRows{r})
	r.remarkTable = newTable(remarkRows{r})
	r.discussionTable = newTable(discussionRows{r})
	r.setName(name)
	return r
}

// ID is GitHub's number of the repository: what stays when it is renamed.
func (r *Repository) ID() int64 { return r.info.id }

// FullName is the repository's present "owner/name".
func (r *Repository) FullName() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.info.fullName
}

// DefaultBranch is the name of the repository's default branch.
func (r *Repository) DefaultBranch() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.info.defaultBranch
}

// Updated is when the repository was last updated; for an archive, at least the
// archive's own timestamp.
func (r *Repository) Updated() time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.info.updated.time()
}

func (r *Repository) setName(name string) {
	r.info.name = name
	r.info.fullName = r.users[r.info.owner].login + "/" + name
	r.api = apiRoot + "/repos/" + r.info.fullName
	r.web = webRoot + "/" + r.info.fullName
}

// now is the time of the clock of the server that serves the repository.
func (r *Repository) now() stamp { return stampOf(r.clock()) }

func (r *Repository) nextID() int64 {
	r.lastID++
	return r.lastID
}

// useID makes sure that later ids are above id.
func (r *Repository) useID(id int64) {
	r.lastID = max(r.lastID, id)
}

// render renders again all that is kept rendered: users, labels, milestones and
// the embedded repositories.
func (r *Repository) render() {
	for i := range r.users {
		r.renderUser(int32(i))
	}
	for i := range r.labels {
		r.renderLabel(i)
	}
	for i := range r.milestones {
		r.renderMilestone(int32(i))
	}
	for i := range r.forks {
		r.renderInfo(&r.forks[i])
	}
	r.renderInfo(&r.info)
}

func (r *Repository) renderInfo(info *repoInfo) {
	e := encoder{b: info.json[:0]}
	e.repository(r, info)
	info.json = e.b
}

// touch notes that the repository was changed now.
func (r *Repository) touch() {
	r.info.updated = max(r.info.updated, r.now())
	r.renderInfo(&r.info)
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }
