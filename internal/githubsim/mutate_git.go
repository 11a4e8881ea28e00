package githubsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NewCommit is a commit to push, by a login. Without a date it is made now.
type NewCommit struct {
	Message, By string
	Date        time.Time
	Files       []string // paths that it changes; default: one of its own
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
	sha := r.addCommit(n, append(parents, others...))
	r.moveBranch(branch, sha)
	return sha
}

// addCommit makes a commit that no branch leads to yet.
func (r *Repository) addCommit(n NewCommit, parents []hash) hash {
	at := r.now()
	if !n.Date.IsZero() {
		at = stampOf(n.Date)
	}
	author := r.addUser(n.By)
	c := commit{
		parents: parents, author: author, committer: author, authored: at, committed: at, message: n.Message,
		authorName: r.ownerName(author), authorEmail: "nobody@example.com",
	}
	if author != nobody {
		c.authorName, c.authorEmail = r.users[author].name, r.users[author].email
	}
	c.committerName, c.committerEmail = c.authorName, c.authorEmail
	c.tree = parseHash(fmt.Sprintf("%040x", mix(uint64(len(r.git.commits)))))
	c.name()
	c.files = c.changed(n.Files)
	r.git.add(c)
	return c.sha
}

// moveBranch points a branch at a commit, as a push does.
func (r *Repository) moveBranch(branch string, sha hash) {
	before, _ := r.head(branch)
	r.git.branches = setRef(r.git.branches, branch, sha)
	if branch == r.info.defaultBranch && r.known(sha) {
		r.git.tip = sha
	}
	for i := range r.pulls {
		p := &r.pulls[i]
		if p.headRef == branch && p.headFork == forkSelf && r.issueOf(int32(i)).open() {
			old := p.headSHA
			r.setHead(p, sha)
			if p.diff != nil && old != sha && !slices.Contains(p.diff.line, old) {
				r.happened(p.issue, nobody, issueEvent{kind: eventHeadForcePushed, commit: sha})
			}
			r.changeIssue(p.issue, func(is *issue) { is.updated = max(is.updated, r.now()) })
			r.tellPushed(p.issue, old, sha)
		}
	}
	r.pushedNow()
	r.tellRef("branch", branch, before, sha)
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
	n, found := findRef(r.git.branches, name)
	if !found {
		return fmt.Errorf("there is no branch %s", name)
	}
	before := r.git.branches[n].sha
	r.git.branches = setRef(r.git.branches, name, hash{})
	r.pushedNow()
	r.tellRef("branch", name, before, hash{})
	return nil
}

// ForcePush points a branch at a commit, or at none if onto is "", and adds commits
// there; it gives their shas. What only the branch led to is no longer reached, but
// known until Prune.
func (r *Repository) ForcePush(branch, onto string, commits ...NewCommit) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	head := parseHash(strings.ToLower(onto))
	switch {
	case onto != "" && !r.known(head):
		return nil, fmt.Errorf("there is no commit %s", onto)
	case onto == "" && len(commits) == 0:
		return nil, errors.New("a branch needs a commit")
	}
	var shas []string
	for _, c := range commits {
		var parents []hash
		if head != (hash{}) {
			parents = append(parents, head)
		}
		head = r.addCommit(c, parents)
		shas = append(shas, head.String())
	}
	r.moveBranch(branch, head)
	return shas, nil
}

// Prune forgets the commits that no branch, tag or pull request leads to, as GitHub
// does some time after a forced push.
func (r *Repository) Prune() {
	r.mu.Lock()
	defer r.mu.Unlock()
	reached := make([]bool, len(r.git.commits))
	reach := func(sha hash) {
		for _, i := range r.git.walk(sha) {
			reached[i] = true
		}
	}
	for _, b := range r.git.branches {
		reach(b.sha)
	}
	for _, t := range r.git.tags {
		reach(t.sha)
	}
	for i := range r.pulls {
		reach(r.pulls[i].headSHA)
		reach(r.pulls[i].mergeID)
	}
	kept := newGit()
	for i := range r.git.commits {
		if reached[i] {
			kept.add(r.git.commits[i])
		}
	}
	r.git.replace(&kept)
}

// SetTag points a tag at a commit, whether it is there already or not.
func (r *Repository) SetTag(name, sha string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := parseHash(strings.ToLower(sha))
	if !r.known(h) {
		return fmt.Errorf("there is no commit %s", sha)
	}
	before := hash{}
	if n, found := findRef(r.git.tags, name); found {
		before = r.git.tags[n].sha
	}
	r.git.tags = setRef(r.git.tags, name, h)
	r.pushedNow()
	r.tellRef("tag", name, before, h)
	return nil
}

// DeleteTag deletes a tag. A release of it stays.
func (r *Repository) DeleteTag(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, found := findRef(r.git.tags, name)
	if !found {
		return fmt.Errorf("there is no tag %s", name)
	}
	before := r.git.tags[n].sha
	r.git.tags = setRef(r.git.tags, name, hash{})
	r.pushedNow()
	r.tellRef("tag", name, before, hash{})
	return nil
}

// pushedNow notes that refs were changed now.
func (r *Repository) pushedNow() {
	r.info.pushed = max(r.info.pushed, r.now())
	r.touch()
}
