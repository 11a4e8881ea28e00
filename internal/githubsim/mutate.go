package githubsim

import "errors"

// SetBlocked makes the repository answer 451; nil ends that.
func (r *Repository) SetBlocked(b *Block) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked = b
}

// SetPrivate hides the repository from requests without a token.
func (r *Repository) SetPrivate(private bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.private = private
	r.touch()
	r.tellRepository(oneName(private, "privatized", "publicized"), "")
}

// SetGone makes the repository answer 404 to everyone, as if it were deleted or
// the credential had lost its access.
func (r *Repository) SetGone(gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = gone
	if gone {
		r.tellRepository("deleted", "")
	}
}

// DisableIssues makes issues answer 410. Pull requests are served on.
func (r *Repository) DisableIssues(disabled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.hasIssues = !disabled
	r.touch()
}

// rename is the repository's part of Server.Rename.
func (r *Repository) rename(owner, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if owner != "" {
		r.info.owner = r.addUser(owner)
	}
	was := r.info.name
	r.setName(name)
	r.touch()
	r.render()
	r.tellRenamed(was, owner != "")
}

// RepositoryEdit is what EditRepository changes; nil fields stay.
type RepositoryEdit struct {
	Description, Homepage *string
	Archived              *bool
	DefaultBranch         *string
}

// EditRepository changes what GitHub tells of the repository itself.
func (r *Repository) EditRepository(edit RepositoryEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if edit.DefaultBranch != nil {
		n, found := findRef(r.git.branches, *edit.DefaultBranch)
		if !found || !r.known(r.git.branches[n].sha) {
			return errors.New("there is no branch " + *edit.DefaultBranch)
		}
		r.info.defaultBranch, r.git.tip = *edit.DefaultBranch, r.git.branches[n].sha
	}
	if edit.Description != nil {
		r.info.description = *edit.Description
	}
	if edit.Homepage != nil {
		r.info.homepage = *edit.Homepage
	}
	if edit.Archived != nil {
		r.info.archived = *edit.Archived
	}
	r.touch()
	if edit.Archived != nil {
		r.tellRepository(oneName(*edit.Archived, "archived", "unarchived"), "")
	} else {
		r.tellRepository("edited", `{"description":{"from":"as it was"}}`)
	}
	return nil
}
