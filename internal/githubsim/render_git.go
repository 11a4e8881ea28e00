package githubsim

import "net/url"

// commit writes a commit as lists have it.
func (e *encoder) commit(r *Repository, c *commit) {
	e.raw(`{"sha":"`).hex(c.sha).raw(`","node_id":`).objectNode("C_", r.info.id, c.sha.String())
	e.raw(`,"commit":{"author":`).signature(c.authorName, c.authorEmail, c.authored)
	e.raw(`,"committer":`).signature(c.committerName, c.committerEmail, c.committed)
	e.raw(`,"message":`).str(c.message).raw(`,"tree":{"sha":"`).hex(c.tree)
	e.raw(`","url":"`).raw(r.api).raw("/git/trees/").hex(c.tree)
	e.raw(`"},"url":"`).raw(r.api).raw("/git/commits/").hex(c.sha)
	e.raw(`","comment_count":0,"verification":{"verified":false,"reason":"unsigned","signature":null,"payload":null,"verified_at":null}}`)
	e.raw(`,"url":"`).raw(r.api).raw("/commits/").hex(c.sha).raw(`","html_url":"`).raw(r.web).raw("/commit/").hex(c.sha)
	e.raw(`","comments_url":"`).raw(r.api).raw("/commits/").hex(c.sha)
	e.raw(`/comments","author":`).userRef(r, c.author).raw(`,"committer":`).userRef(r, c.committer).raw(`,"parents":[`)
	for n, p := range c.parents {
		if n > 0 {
			e.raw(",")
		}
		e.raw(`{"sha":"`).hex(p).raw(`","url":"`).raw(r.api).raw("/commits/").hex(p)
		e.raw(`","html_url":"`).raw(r.web).raw("/commit/").hex(p).raw(`"}`)
	}
	e.raw("]}")
}

func (e *encoder) signature(name, email string, at stamp) {
	e.raw(`{"name":`).str(name).raw(`,"email":`).str(email).raw(`,"date":`).time(at).raw("}")
}

func (e *encoder) commitRef(r *Repository, sha hash) {
	e.raw(`{"sha":"`).hex(sha).raw(`","url":"`).raw(r.api).raw("/commits/").hex(sha).raw(`"}`)
}

// branch writes a branch as lists have it.
func (e *encoder) branch(r *Repository, b *ref) {
	e.raw(`{"name":`).str(b.name).raw(`,"commit":`).commitRef(r, b.sha)
	e.raw(`,"protected":`).flag(b.name == r.info.defaultBranch).raw("}")
}

// singleBranch writes the shape of GET /repos/{owner}/{repo}/branches/{branch},
// which has the whole commit. Of a commit that is not known it has the name alone.
func (e *encoder) singleBranch(r *Repository, b *ref) {
	c := &commit{sha: b.sha, tree: b.sha, author: nobody, committer: nobody, authored: r.info.pushed, committed: r.info.pushed}
	if i, ok := r.git.byHash[b.sha]; ok {
		c = &r.git.commits[i]
	}
	api := r.api + "/branches/" + url.PathEscape(b.name)
	e.raw(`{"name":`).str(b.name).raw(`,"commit":`).commit(r, c)
	e.raw(`,"_links":{"self":`).str(api).raw(`,"html":`).str(r.web + "/tree/" + escapePath(b.name))
	protected := b.name == r.info.defaultBranch
	e.raw(`},"protected":`).flag(protected).raw(`,"protection":{"enabled":`).flag(protected)
	e.raw(`,"required_status_checks":{"enforcement_level":"off","contexts":[],"checks":[]}},"protection_url":`)
	e.str(api + "/protection").raw("}")
}

// tag writes a tag as lists have it.
func (e *encoder) tag(r *Repository, t *ref) {
	tag := escapePath(t.name)
	e.raw(`{"name":`).str(t.name).raw(`,"zipball_url":`).str(r.api + "/zipball/refs/tags/" + tag)
	e.raw(`,"tarball_url":`).str(r.api+"/tarball/refs/tags/"+tag).raw(`,"commit":`).commitRef(r, t.sha)
	e.raw(`,"node_id":`).objectNode("REF_", r.info.id, "refs/tags/"+t.name).raw("}")
}
