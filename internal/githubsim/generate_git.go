package githubsim

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"slices"
)

// landing is one step of the default branch: a plain commit, or a pull request
// that was squashed (side is 0) or merged with its side commits.
type landing struct {
	at   stamp
	pull int32 // or none
	side int
}

// history makes the commits, the branches and the tags.
func (g *generator) history() {
	if g.spec.Commits == 0 {
		return
	}
	var line []hash // the default branch's first parents, oldest first
	var tip hash
	for _, l := range g.landings() {
		tip = g.land(l, tip, line)
		line = append(line, tip)
	}
	g.git.tip = tip
	g.git.branches = setRef(g.git.branches, g.info.defaultBranch, tip)
	g.branching(line)
	for i := range g.spec.Tags {
		g.git.tags = setRef(g.git.tags, tagName(i), line[(i+1)*(len(line)-1)/max(g.spec.Tags, 1)])
	}
}

func tagName(i int) string { return fmt.Sprintf("v%d.%d.%d", i/100, i/10%10, i%10) }

// landings are the steps that together make exactly the spec's commits.
func (g *generator) landings() []landing {
	var steps []landing
	left := g.spec.Commits - 1
	for i := range g.pulls {
		p := &g.pulls[i]
		if p.merged == 0 || left == 0 {
			continue
		}
		l := landing{at: p.merged, pull: int32(i)}
		if g.chance(0.5) {
			l.side = min(1+g.below(3), left-1)
		}
		left -= 1 + l.side
		steps = append(steps, l)
	}
	for _, at := range g.moments(left) {
		steps = append(steps, landing{at: at, pull: none})
	}
	slices.SortStableFunc(steps, func(a, b landing) int { return cmp.Compare(a.at, b.at) })
	return append([]landing{{at: g.start, pull: none}}, steps...)
}

// land makes the commits of one step on tip and gives the new tip.
func (g *generator) land(l landing, tip hash, line []hash) hash {
	if l.pull == none {
		message := "Initial commit"
		if tip != (hash{}) {
			message = g.changeLine()
		}
		return g.commitOn(l.at, g.maintainer(), message, tip)
	}
	p := &g.pulls[l.pull]
	is := g.issueOf(l.pull)
	title := string(g.corpus.compose(nil, &is.title, int64(is.number)))
	p.baseSHA = tip
	if l.side == 0 {
		p.mergeID = g.commitOn(l.at, is.user, fmt.Sprintf("%s (#%d)", title, is.number), tip)
		return p.mergeID
	}
	p.commits = int32(l.side)
	side := line[len(line)-1-g.below(min(len(line), 8))]
	for n := range l.side {
		at := l.at - stamp((l.side-n)*(600+g.below(20000)))
		at = max(at, g.git.commits[g.git.byHash[side]].committed)
		side = g.commitOn(at, is.user, g.changeLine(), side)
	}
	p.headSHA = side
	message := fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", is.number, g.users[p.headUser].login, p.headRef, title)
	p.mergeID = g.commitOn(l.at, p.mergedBy, message, tip, side)
	return p.mergeID
}

// changeLine is the subject of a plain commit.
func (g *generator) changeLine() string {
	t := g.newText(pullTitle)
	return string(g.corpus.compose(nil, &t, 1))
}

// commitOn adds a commit whose name is the hash of what it says, as git's is.
func (g *generator) commitOn(at stamp, author int32, message string, parents ...hash) hash {
	u := &g.users[author]
	if parents[0] == (hash{}) {
		parents = nil
	}
	c := commit{
		tree: g.anyHash(), parents: parents, author: author, committer: author, authorName: u.name, authorEmail: u.email,
		committerName: u.name, committerEmail: u.email, authored: at, committed: at, message: message,
	}
	c.name()
	g.git.add(c)
	return c.sha
}

// name sets the commit's name to the hash of its content.
func (c *commit) name() {
	h := sha1.New()
	fmt.Fprintf(h, "tree %s\n", c.tree)
	for _, p := range c.parents {
		fmt.Fprintf(h, "parent %s\n", p)
	}
	fmt.Fprintf(h, "author %s <%s> %d +0000\ncommitter %s <%s> %d +0000\n\n%s",
		c.authorName, c.authorEmail, c.authored, c.committerName, c.committerEmail, c.committed, c.message)
	c.sha = hash(h.Sum(nil))
}

// branching makes the other branches: those of open pull requests first.
func (g *generator) branching(line []hash) {
	left := g.spec.Branches - 1
	recent := line[max(0, len(line)-40):]
	for i := range g.pulls {
		p := &g.pulls[i]
		if left == 0 {
			return
		}
		if p.headFork != forkSelf || !g.issueOf(int32(i)).open() {
			continue
		}
		p.baseSHA = pick(g.random, recent)
		p.headSHA, p.commits = g.commitOn(g.end, g.issueOf(int32(i)).user, g.changeLine(), p.baseSHA), 1
		g.git.branches = setRef(g.git.branches, p.headRef, p.headSHA)
		left--
	}
	for n := range left {
		sha := g.commitOn(g.end, g.maintainer(), g.changeLine(), pick(g.random, recent))
		g.git.branches = setRef(g.git.branches, g.branchName(int32(10_000_000+n)), sha)
	}
}

// releasing makes releases, newest last, of the first tags.
func (g *generator) releasing() {
	for i := range g.spec.Releases {
		at := g.working(g.start + stamp(uint64(g.end-g.start)*uint64(i+1)/uint64(g.spec.Releases+1)))
		v := release{
			id: g.newID(), tag: tagName(i), name: "Release " + tagName(i), target: g.info.defaultBranch,
			body: g.newText(releaseBody), author: g.maintainer(), created: at, published: at + 600, prerelease: g.chance(0.1),
		}
		for _, platform := range []string{"linux-amd64", "linux-arm64", "darwin-arm64"} {
			v.assets = append(v.assets, asset{
				id: g.newID(), name: g.info.name + "-" + platform + ".tar.gz", contentType: "application/gzip",
				size: int64(4_000_000 + g.below(3_000_000)), downloads: int64(g.below(4000)), created: at + 300, uploader: v.author,
			})
		}
		g.releases = append(g.releases, v)
	}
}
