package githubsim

import "fmt"

// NewPull is a pull request to open, from a branch of the repository itself, or of
// a user's fork if Fork is their login.
type NewPull struct {
	NewIssue
	Head  string // a branch; of a fork, one with a new commit
	Base  string // a branch; default: the default branch
	Fork  string
	Draft bool
}

// OpenPull opens a pull request and gives its number.
func (r *Repository) OpenPull(n NewPull) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.Base == "" {
		n.Base = r.info.defaultBranch
	}
	base, found := r.head(n.Base)
	if !found {
		return 0, fmt.Errorf("there is no branch %s", n.Base)
	}
	p := pull{
		headFork: forkSelf, headUser: r.info.owner, headRef: n.Head, baseRef: n.Base, baseSHA: base,
		mergedBy: nobody, draft: n.Draft,
	}
	if n.Fork != "" {
		p.headUser = r.addUser(n.Fork)
		p.headFork = r.ownFork(p.headUser)
		p.headSHA = r.addCommit(NewCommit{Message: n.Title, By: n.Fork}, []hash{base})
	} else if p.headSHA, found = r.head(n.Head); !found {
		return 0, fmt.Errorf("there is no branch %s", n.Head)
	}
	is, err := r.prepare(n.NewIssue)
	if err != nil {
		return 0, err
	}
	is.pull, p.issue, p.id = int32(len(r.pulls)), int32(len(r.issues)), r.nextID()
	r.setHead(&p, p.headSHA)
	r.pulls = append(r.pulls, p)
	number := r.insert(is)
	r.recordOpening(number)
	return number, nil
}

// SetDraft makes a pull request a draft, or ready for review.
func (r *Repository) SetDraft(number int, draft bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, moved := none, false
	err := r.updatePull(number, true, func(p *pull) {
		if p.draft != draft {
			at, moved = p.issue, true
			r.happened(p.issue, r.issues[p.issue].user, issueEvent{kind: oneOf(draft, eventConvertedToDraft, eventReadyForReview)})
		}
		p.draft = draft
	})
	if err == nil && moved {
		r.tellIssue(at, oneName(draft, "converted_to_draft", "ready_for_review"), nil)
	}
	return err
}

// LoseFork deletes the fork that a pull request comes from: it and all others from
// there have none from then on. No updated_at moves.
func (r *Repository) LoseFork(number int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fork := forkSelf
	if err := r.updatePull(number, false, func(p *pull) { fork = p.headFork }); err != nil {
		return err
	}
	if fork < 0 {
		return fmt.Errorf("pull request %d comes from no fork", number)
	}
	r.dropFork(fork)
	return nil
}

// VanishPull takes a pull request away with all that belongs to it, as GitHub does
// with those of accounts that it closed. Its number answers 404.
func (r *Repository) VanishPull(number int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.findIssue(int32(number))
	if !ok || r.issues[i].pull == none {
		return fmt.Errorf("there is no pull request %d", number)
	}
	p := r.issues[i].pull
	for _, v := range r.pulls[p].reviews {
		r.reviews[v].deleted = true
	}
	r.pulls[p].reviews = nil
	for n := range r.remarks {
		if r.remarks[n].pull == p {
			r.dropRemark(int32(n))
		}
	}
	if fork := r.pulls[p].headFork; fork >= 0 && r.pullsFrom(fork) == 1 {
		r.dropFork(fork)
	}
	r.bury(i)
	return nil
}

// updatePull edits a pull request with f, and raises its updated_at if asked to.
func (r *Repository) updatePull(number int, raise bool, f func(*pull)) error {
	return r.update(number, raise, func(is *issue) error {
		if is.pull == none {
			return fmt.Errorf("%d is no pull request", number)
		}
		f(&r.pulls[is.pull])
		return nil
	})
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
	r.happened(i, user, issueEvent{kind: eventMerged, commit: p.mergeID})
	return r.update(number, true, r.noted(user, func(is *issue) error {
		p.merged, p.mergedBy = r.now(), user
		is.closed, is.closedBy = r.now(), user
		return nil
	}))
}
