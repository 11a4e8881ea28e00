package githubsim

import (
	"encoding/hex"
	"fmt"
	"slices"
)

// listedPullCommits is how many commits GitHub lists of a pull request at most.
// Source: docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request.
const listedPullCommits = 250

func (q *query) pullCommits() {
	p, ok := q.findPull()
	if !ok {
		return
	}
	line := q.pullLine(p)
	q.plain(len(line), func(n int) { q.enc.commit(q.Repository, &line[n]) })
}

// pullLine is the commits of pull request i, the oldest first, as far as they are
// listed. Those that no history holds are made up: the last of them is its head.
func (r *Repository) pullLine(i int32) []commit {
	p := &r.pulls[i]
	if !r.known(p.headSHA) {
		return r.madeLine(i)
	}
	shas := r.chain(p)
	if p.diff != nil {
		shas = p.diff.line
	}
	var line []commit
	for _, sha := range shas[:min(len(shas), listedPullCommits)] {
		if n, ok := r.git.byHash[sha]; ok {
			line = append(line, r.git.commits[n])
		}
	}
	return line
}

// madeLine makes the commits up that a pull request was made with.
func (r *Repository) madeLine(i int32) []commit {
	p, is := &r.pulls[i], r.issueOf(i)
	var line []commit
	for n, parent := int32(0), p.baseSHA; n < min(p.commits, listedPullCommits); n++ {
		c := commit{
			parents: []hash{parent}, author: is.user, tree: blobOf("tree", parent), authored: is.created - stamp(p.commits-n)*600,
			message: fmt.Sprintf("Part %d of #%d", n+1, is.number), authorName: "An author", authorEmail: "author@example.com",
		}
		c.committed, c.committer, c.committerName, c.committerEmail = c.authored, c.author, c.authorName, c.authorEmail
		c.sha = blobOf(c.message, p.headSHA)
		if n == p.commits-1 {
			c.sha = p.headSHA
		}
		parent = c.sha
		line = append(line, c)
	}
	return line
}

// chain is the commits that a generated pull request was made with in the history.
func (r *Repository) chain(p *pull) []hash {
	var line []hash
	for sha := p.headSHA; len(line) < int(p.commits); {
		n, ok := r.git.byHash[sha]
		if !ok {
			break
		}
		line = append(line, sha)
		if len(r.git.commits[n].parents) == 0 {
			break
		}
		sha = r.git.commits[n].parents[0]
	}
	slices.Reverse(line)
	return line
}

// changed are the files that a pushed commit changes: those that it names, or one of its own.
func (c *commit) changed(files []string) []string {
	if len(files) > 0 {
		return files
	}
	return []string{"src/" + hex.EncodeToString(c.sha[:4]) + ".go"}
}
