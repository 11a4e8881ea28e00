package githubsim

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// listedFiles is how many files GitHub lists of a pull request at most.
// Source: docs.github.com/rest/pulls/pulls#list-pull-requests-files.
const listedFiles = 3000

// pullFile is a file that a pushed commit has changed.
type pullFile struct {
	path string
	blob hash
}

// diff is what stands between a pull request's base and its head, once that was moved.
// The files that a generated pull request was made with follow from its id.
type diff struct {
	line   []hash     // commits, the oldest first
	pushed []pullFile // files that were pushed since
	edited []pullFile // of the files that it was made with, those that were pushed since
}

// setHead moves a pull request to a commit, with what there is then between it and
// its base.
func (r *Repository) setHead(p *pull, sha hash) {
	p.headSHA = sha
	base := p.baseSHA
	if !r.known(base) {
		base, _ = r.head(p.baseRef)
	}
	from, ok := r.git.byHash[base]
	to, known := r.git.byHash[sha]
	if !ok || !known {
		return
	}
	var d diff
	for _, i := range r.compare(from, to).ahead {
		c := &r.git.commits[i]
		d.line = append(d.line, c.sha)
		for _, path := range c.files {
			d.touch(p, pullFile{path, blobOf(path, c.sha)})
		}
	}
	p.additions += int32(len(d.edited) + len(d.pushed))
	if p.diff != nil {
		p.additions -= int32(len(p.diff.edited) + len(p.diff.pushed))
	}
	p.diff = &d
	p.commits, p.files = int32(len(d.line)), p.made+int32(len(d.pushed))
}

func (d *diff) touch(p *pull, f pullFile) {
	files := &d.pushed
	for n := range int(p.made) {
		if p.madePath(n) == f.path {
			files = &d.edited
		}
	}
	*files = append(slices.DeleteFunc(*files, func(o pullFile) bool { return o.path == f.path }), f)
}

// blobOf makes up the name of what a file holds.
func blobOf(path string, version hash) hash {
	return hash(sha1.Sum(append([]byte(path), version[:]...)))
}

// madePath is the path of the n-th file that a pull request was made with.
func (p *pull) madePath(n int) string {
	path := paths[(int(p.id)+n)%len(paths)]
	if n < len(paths) {
		return path
	}
	return fmt.Sprintf("part%d/%s", n/len(paths), path)
}

// changedFile is a file as a pull request's list has it.
type changedFile struct {
	pullFile
	additions, deletions int32
	renamed, binary      bool
}

// file is the n-th file of a pull request.
func (p *pull) file(n int) changedFile {
	if n >= int(p.made) {
		return changedFile{pullFile: p.diff.pushed[n-int(p.made)], additions: 1}
	}
	made := p.additions
	f := changedFile{pullFile: pullFile{path: p.madePath(n)}, renamed: (int(p.id)+n)%11 == 0, binary: (int(p.id)+n)%13 == 0}
	f.blob = blobOf(f.path, hash{byte(p.id), byte(p.id >> 8), byte(p.id >> 16), byte(p.id >> 24)})
	if p.diff != nil {
		made -= int32(len(p.diff.edited) + len(p.diff.pushed))
	}
	f.additions, f.deletions = share(made, p.made, n), share(p.deletions, p.made, n)
	if p.diff == nil {
		return f
	}
	for _, edited := range p.diff.edited {
		if edited.path == f.path {
			f.blob, f.additions = edited.blob, f.additions+1
		}
	}
	return f
}

// share is the n-th part of a sum in as many parts.
func share(sum, parts int32, n int) int32 {
	if int32(n) < sum%parts {
		return sum/parts + 1
	}
	return sum / parts
}

func (f *changedFile) status() string {
	switch {
	case f.renamed:
		return "renamed"
	case f.deletions == 0:
		return "added"
	case f.additions == 0:
		return "removed"
	default:
		return "modified"
	}
}

// listed is how many files of a pull request are listed.
func (p *pull) listed() int { return min(int(p.files), listedFiles) }

func (q *query) pullFiles() {
	i, ok := q.findPull()
	if !ok {
		return
	}
	p := &q.Repository.pulls[i]
	q.plain(p.listed(), func(n int) { q.enc.pullFile(q.Repository, p, n) })
}

// pullFile writes a file of a pull request and gives its path.
func (e *encoder) pullFile(r *Repository, p *pull, n int) (path string) {
	f := p.file(n)
	head, name := p.headSHA.String(), url.PathEscape(f.path)
	e.raw(`{"sha":`).sha(f.blob).raw(`,"filename":`).str(f.path).raw(`,"status":"`).raw(f.status()).raw(`","additions":`).num(int64(f.additions))
	e.raw(`,"deletions":`).num(int64(f.deletions)).raw(`,"changes":`).num(int64(f.additions + f.deletions))
	e.raw(`,"blob_url":`).str(r.web + "/blob/" + head + "/" + name).raw(`,"raw_url":`).str(r.web + "/raw/" + head + "/" + name)
	e.raw(`,"contents_url":`).str(r.api + "/contents/" + name + "?ref=" + head)
	if !f.binary {
		e.raw(`,"patch":`).str(f.patch())
	}
	if f.renamed {
		e.raw(`,"previous_filename":`).str("old/" + f.path)
	}
	e.raw("}")
	return f.path
}

// patch makes up a diff with the file's number of lines, of which it shows a few.
func (f *changedFile) patch() string {
	var b strings.Builder
	fmt.Fprintf(&b, "@@ -1,%d +1,%d @@", f.deletions, f.additions)
	for range min(f.deletions, 3) {
		b.WriteString("\n-// " + f.path)
	}
	for n := range min(f.additions, 3) {
		fmt.Fprintf(&b, "\n+// %s, line %d", hex.EncodeToString(f.blob[:4]), n+1)
	}
	return b.String()
}
