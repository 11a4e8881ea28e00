package githubsim

import (
	"cmp"
	"slices"
	"strings"
)

// pull reads what a pull request has beyond its issue, and gives its index.
func (l *loader) pull(p *archivePull, is *issue, i int32, thread string) int32 {
	index := int32(len(l.pulls))
	v := pull{
		id: l.given("PR", p.ID, thread, is.created), issue: i, mergedBy: l.addUser(string(p.MergedBy)),
		headRef: cmp.Or(string(p.HeadRefName), "unknown"), baseRef: cmp.Or(string(p.BaseRefName), l.info.defaultBranch),
		headSHA: l.object(p.HeadRefOID, "head "+thread), baseSHA: l.object(p.BaseRefOID, "base "+thread),
		merged: stamp(p.MergedAt), commits: 1, files: 1, made: 1, additions: 1,
	}
	if v.merged == 0 && strings.EqualFold(string(p.State), "MERGED") {
		v.merged = is.closed
	}
	if p.MergeCommit != "" {
		v.mergeID = l.object(p.MergeCommit, "")
	}
	if v.merged != 0 {
		is.closedBy = v.mergedBy
	}
	v.headFork, v.headUser = l.headOf(p, is)
	l.pulls = append(l.pulls, v)
	for n := range p.Reviews {
		l.review(&p.Reviews[n], index, is, thread)
	}
	reviews := l.pulls[index].reviews
	slices.SortStableFunc(reviews, func(a, b int32) int { return cmp.Compare(l.reviews[a].submitted, l.reviews[b].submitted) })
	return index
}

// headOf is the repository that a pull request comes from, and whose it is.
func (l *loader) headOf(p *archivePull, is *issue) (fork, user int32) {
	full := string(p.HeadRepository)
	owner, name, ok := strings.Cut(full, "/")
	switch {
	case sameName(full, l.info.fullName), full != "" && sameName(full, string(p.BaseRepository)):
		return forkSelf, l.info.owner
	case !ok:
		return forkDeleted, is.user
	}
	key := strings.ToLower(full)
	if i, found := l.forkOf[key]; found {
		return i, l.forks[i].owner
	}
	i := l.addFork(l.addUser(owner), name)
	l.forks[i].created, l.forks[i].updated, l.forks[i].pushed = is.created, is.created, is.created
	l.forkOf[key] = i
	return i, l.forks[i].owner
}

func (l *loader) review(p *archiveReview, index int32, is *issue, thread string) {
	at := cmp.Or(stamp(p.CreatedAt), is.created)
	v := review{
		id: l.given("PRR", p.ID, thread, at), pull: index, user: l.addUser(string(p.Author)), submitted: at,
		body: literal(string(p.Body)), assoc: parseAssociation(p.AuthorAssociation),
		commit: l.object(p.Commit, "head "+thread),
	}
	if n := slices.Index(reviewStates[:], strings.ToUpper(string(p.State))); n >= 0 {
		v.state = reviewState(n)
	}
	number := int32(len(l.reviews))
	l.reviews = append(l.reviews, v)
	l.pulls[index].reviews = append(l.pulls[index].reviews, number)
	for n := range p.Comments {
		c := &p.Comments[n]
		at := cmp.Or(stamp(c.CreatedAt), v.submitted)
		l.remarks = append(l.remarks, reviewComment{
			id: l.number("PRRC", decimal(v.id), at), review: number, pull: index, user: v.user, created: at,
			updated: cmp.Or(stamp(c.UpdatedAt), at), position: c.OriginalPosition, path: l.info.name + ".md",
			hunk: literal("@@ -1 +1 @@"), body: literal(string(c.Body)), commit: v.commit, original: v.commit, assoc: v.assoc,
		})
		if c.Author != "" {
			l.remarks[len(l.remarks)-1].user = l.addUser(string(c.Author))
		}
		l.pulls[index].reviewComments++
	}
}

// commits reads the history of the default branch.
func (l *loader) commits(list []archiveCommit) {
	for _, c := range list {
		v := commit{
			sha: parseHash(c.SHA), tree: parseHash(c.Tree), author: nobody, committer: nobody, message: string(c.Message),
			authorName: string(c.Author.Name), authorEmail: email(c.Author.Name), authored: stamp(c.Author.Date),
			committerName: string(c.Committer.Name), committerEmail: email(c.Committer.Name),
		}
		v.committed = cmp.Or(stamp(c.Committer.Date), v.authored)
		if v.sha == (hash{}) {
			continue // nothing could name it
		}
		for _, p := range c.Parents {
			v.parents = append(v.parents, parseHash(p))
		}
		l.git.add(v)
		l.git.tip = v.sha
		l.info.pushed = max(l.info.pushed, v.committed)
		l.hashes = append(l.hashes, v.sha.String())
	}
}

// email stands for an address, which archives leave out.
func email(name archiveText) string {
	slug := strings.ToLower(strings.Join(strings.Fields(string(name)), "-"))
	return cmp.Or(slug, "unknown") + "@users.noreply.github.com"
}

func (l *loader) refs(list *archiveRefs) {
	l.info.defaultBranch = list.DefaultBranch
	for _, r := range list.Refs {
		sha := parseHash(r.SHA)
		if r.Peeled != nil && parseHash(*r.Peeled) != (hash{}) {
			sha = parseHash(*r.Peeled)
		}
		if sha == (hash{}) {
			continue
		}
		l.hashes = append(l.hashes, sha.String())
		if name, ok := strings.CutPrefix(r.Ref, "refs/heads/"); ok {
			l.git.branches = setRef(l.git.branches, name, sha)
		} else if name, ok := strings.CutPrefix(r.Ref, "refs/tags/"); ok {
			l.git.tags = setRef(l.git.tags, name, sha)
		}
	}
}

// defaults decides what the commits and the refs left open.
func (l *loader) defaults() {
	bases := make(map[string]int)
	for i := range l.file.Pulls {
		p := &l.file.Pulls[i]
		bases[string(p.BaseRefName)]++
		l.hashes = append(l.hashes, string(p.HeadRefOID), string(p.MergeCommit), string(p.BaseRefOID))
	}
	slices.Sort(l.hashes)
	_, known := findRef(l.git.branches, l.info.defaultBranch)
	if len(l.git.branches) > 0 && !known {
		l.info.defaultBranch = l.git.branches[0].name
		for _, usual := range []string{"main", "master"} {
			if _, found := findRef(l.git.branches, usual); found {
				l.info.defaultBranch = usual
			}
		}
	}
	if len(l.git.branches) > 0 {
		return
	}
	for base, n := range bases {
		if best := l.info.defaultBranch; base != "" && (n > bases[best] || n == bases[best] && base < best) {
			l.info.defaultBranch = base
		}
	}
	if l.git.tip != (hash{}) {
		l.git.branches = setRef(nil, l.info.defaultBranch, l.git.tip)
	}
}

// about dates the repository, and tells whether its owner is a person.
func (l *loader) about() {
	info := &l.info
	info.updated = l.now
	info.created = cmp.Or(l.now, 1)
	for i := range l.issues {
		is := &l.issues[i]
		info.created, info.updated = min(info.created, is.created), max(info.updated, is.updated)
		if is.user == info.owner {
			l.users[info.owner].kind = kindUser
		}
	}
	for i := range l.git.commits {
		if at := l.git.commits[i].committed; at != 0 {
			info.created = min(info.created, at)
		}
	}
	info.pushed = cmp.Or(info.pushed, info.updated)
}
