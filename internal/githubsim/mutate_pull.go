package githubsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NewPull is a pull request to open, from a branch of the repository itself.
type NewPull struct {
	NewIssue
	Head  string // a branch
	Base  string // a branch; default: the default branch
	Draft bool
}

// OpenPull opens a pull request and gives its number.
func (r *Repository) OpenPull(n NewPull) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.Base == "" {
		n.Base = r.info.defaultBranch
	}
	head, ok := r.head(n.Head)
	base, found := r.head(n.Base)
	if !ok || !found {
		return 0, fmt.Errorf("there is no branch %s or no branch %s", n.Head, n.Base)
	}
	is, err := r.prepare(n.NewIssue)
	if err != nil {
		return 0, err
	}
	is.pull = int32(len(r.pulls))
	r.pulls = append(r.pulls, pull{
		id: r.nextID(), issue: int32(len(r.issues)), headFork: forkSelf, headUser: r.info.owner, headRef: n.Head,
		baseRef: n.Base, headSHA: head, baseSHA: base, mergedBy: nobody, draft: n.Draft, commits: 1, files: 1, additions: 1,
	})
	return r.insert(is), nil
}

// MergePull merges an open pull request with a merge commit on its base.
func (r *Repository) MergePull(number int, by string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.findIssue(int32(number))
	if !ok || r.issues[i].pull == none || !r.issues[i].open() {
		return fmt.Errorf("there is no open pull request %d", number)
	}
	p := &r.pulls[r.issues[i].pull]
	user := r.addUser(by)
	message := fmt.Sprintf("Merge pull request #%d from %s/%s", number, r.ownerName(p.headUser), p.headRef)
	p.mergeID = r.commit(p.baseRef, NewCommit{Message: message, By: by}, p.headSHA)
	return r.update(number, true, func(is *issue) error {
		p.merged, p.mergedBy = r.now(), user
		is.closed, is.closedBy = r.now(), user
		return nil
	})
}

// NewReview is a review to submit.
type NewReview struct {
	By       string
	State    string // APPROVED, CHANGES_REQUESTED or COMMENTED, the default
	Body     string
	Comments []NewReviewComment
}

// NewReviewComment is a comment on a line of a file, or an answer to another one.
type NewReviewComment struct {
	Path    string
	Line    int
	Body    string
	ReplyTo int64
}

// AddReview reviews a pull request and gives the review's id.
func (r *Repository) AddReview(number int, n NewReview) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := slices.Index(reviewStates[:], n.State)
	if n.State != "" && state < 0 {
		return 0, fmt.Errorf("no state of a review: %q", n.State)
	}
	by := r.addUser(n.By)
	var id int64
	err := r.update(number, true, func(is *issue) error {
		if is.pull == none {
			return fmt.Errorf("%d is no pull request", number)
		}
		p := &r.pulls[is.pull]
		id = r.nextID()
		p.reviews = append(p.reviews, int32(len(r.reviews)))
		r.reviews = append(r.reviews, review{
			id: id, pull: is.pull, user: by, submitted: r.now(), body: literal(n.Body), commit: p.headSHA,
			state: reviewState(max(state, 0)), assoc: assocMember,
		})
		for _, c := range n.Comments {
			r.remarkOn(is.pull, by, c)
		}
		return nil
	})
	return id, err
}

func (r *Repository) remarkOn(p, by int32, c NewReviewComment) {
	head := r.pulls[p].headSHA
	r.remarks = append(r.remarks, reviewComment{
		id: r.nextID(), review: int32(len(r.reviews) - 1), pull: p, user: by, created: r.now(), updated: r.now(),
		line: int32(c.Line), position: int32(c.Line), path: c.Path, hunk: literal("@@ -1 +1 @@"), body: literal(c.Body),
		commit: head, original: head, assoc: assocMember, replyTo: c.ReplyTo,
	})
	r.remarkTable.add(int32(len(r.remarks) - 1))
	r.pulls[p].reviewComments++
}

// NewCommit is a commit to push, by a login. Without a date it is made now.
type NewCommit struct {
	Message, By string
	Date        time.Time
}

// Push adds commits to a branch, which is made from the default branch if there
// is none, and gives their shas. Open pull requests from that branch move with it.
func (r *Repository) Push(branch string, commits ...NewCommit) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var shas []string
	for _, c := range commits {
		shas = append(shas, r.commit(branch, c).String())
	}
	return shas
}

// commit adds a commit to a branch, with the branch's tip and others as parents.
func (r *Repository) commit(branch string, n NewCommit, others ...hash) hash {
	head, ok := r.head(branch)
	if !ok {
		head, ok = r.defaultHead()
	}
	var parents []hash
	if ok {
		parents = append(parents, head)
	}
	at := r.now()
	if !n.Date.IsZero() {
		at = stampOf(n.Date)
	}
	author := r.addUser(n.By)
	c := commit{
		parents: append(parents, others...), author: author, committer: author, authored: at, committed: at, message: n.Message,
		authorName: r.ownerName(author), authorEmail: "nobody@example.com",
	}
	if author != nobody {
		c.authorName, c.authorEmail = r.users[author].name, r.users[author].email
	}
	c.committerName, c.committerEmail = c.authorName, c.authorEmail
	c.tree = parseHash(fmt.Sprintf("%040x", mix(uint64(len(r.git.commits)))))
	c.name()
	r.git.add(c)
	r.moveBranch(branch, c.sha)
	return c.sha
}

// moveBranch points a branch at a commit, as a push does.
func (r *Repository) moveBranch(branch string, sha hash) {
	r.git.branches = setRef(r.git.branches, branch, sha)
	if branch == r.info.defaultBranch && r.known(sha) {
		r.git.tip = sha
	}
	for i := range r.pulls {
		p := &r.pulls[i]
		if p.headRef == branch && p.headFork == forkSelf && r.issueOf(int32(i)).open() {
			r.changeIssue(p.issue, func(is *issue) { p.headSHA, is.updated = sha, max(is.updated, r.now()) })
		}
	}
	r.info.pushed = max(r.info.pushed, r.now())
	r.touch()
}

// SetBranch points a branch at any commit, as a forced push does.
func (r *Repository) SetBranch(branch, sha string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := parseHash(strings.ToLower(sha))
	if !r.known(h) {
		return fmt.Errorf("there is no commit %s", sha)
	}
	r.moveBranch(branch, h)
	return nil
}

// DeleteBranch deletes a branch that is not the default one.
func (r *Repository) DeleteBranch(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name == r.info.defaultBranch {
		return errors.New("the default branch cannot be deleted")
	}
	if _, found := findRef(r.git.branches, name); !found {
		return fmt.Errorf("there is no branch %s", name)
	}
	r.git.branches = setRef(r.git.branches, name, hash{})
	r.info.pushed = max(r.info.pushed, r.now())
	r.touch()
	return nil
}
