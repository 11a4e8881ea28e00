package githubsim

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// LoadArchive reads a repository from an archive of its issues and pull
// requests; from its commits (one JSON document a line, oldest first) and its
// refs unless their paths are "". Files may be packed with xz.
//
// What an archive does not say is made up so that it is the same in every
// archive of the repository: numbers of comments from their thread and date,
// numbers of users from their login. What nobody knows, such as the file of a
// review comment, gets a stand-in.
//
// It fails with an [ArchiveError], which says which of the files is at fault.
func LoadArchive(archive, commits, refs string) (*Repository, error) {
	var file archiveFile
	if err := readJSON(archive, &file); err != nil {
		return nil, &ArchiveError{ArchiveItems, err}
	}
	owner, name, ok := strings.Cut(file.Repo, "/")
	if !ok || owner == "" || name == "" {
		return nil, &ArchiveError{ArchiveItems, fmt.Errorf("reading %s: its repo is %q, not owner/name", archive, file.Repo)}
	}
	l := newLoader(owner, name, &file)
	if commits != "" {
		list, err := readCommits(commits)
		if err != nil {
			return nil, &ArchiveError{ArchiveCommits, err}
		}
		l.commits(list)
	}
	if refs != "" {
		var list archiveRefs
		if err := readJSON(refs, &list); err != nil {
			return nil, &ArchiveError{ArchiveRefs, err}
		}
		l.refs(&list)
	}
	l.defaults()
	if err := l.threads(); err != nil {
		return nil, &ArchiveError{ArchiveItems, fmt.Errorf("reading %s: %w", archive, err)}
	}
	l.about()
	l.finish()
	return l.Repository, nil
}

// ArchivePart is one of the files that an archived repository consists of.
type ArchivePart string

// The parts of an archive.
const (
	ArchiveItems   ArchivePart = "archive" // issues and pull requests
	ArchiveCommits ArchivePart = "commits"
	ArchiveRefs    ArchivePart = "refs"
)

// ArchiveError is what is wrong with one part of an archive.
type ArchiveError struct {
	Part ArchivePart
	Err  error
}

func (e *ArchiveError) Error() string { return e.Err.Error() }

func (e *ArchiveError) Unwrap() error { return e.Err }

// loader fills a repository from an archive.
type loader struct {
	*Repository
	file   *archiveFile
	now    stamp
	forkOf map[string]int32
	hashes []string         // known objects, sorted, to complete short names with
	used   map[nodeKey]bool // numbers that are taken
	at     map[placeKey]int // comments of a thread in one second
}

type placeKey struct {
	thread string
	at     stamp
}

func newLoader(owner, name string, file *archiveFile) *loader {
	id := 100_000_000 + int64(hashOf("repository", strings.ToLower(owner), strings.ToLower(name))%900_000_000)
	return &loader{
		Repository: newRepository(owner, name, id),
		file:       file,
		now:        stamp(file.Timestamp),
		forkOf:     make(map[string]int32),
		used:       make(map[nodeKey]bool),
		at:         make(map[placeKey]int),
	}
}

// number is a stable number of something that was made at a time: later things
// get higher ones, and things that are added elsewhere change none.
func (l *loader) number(kind, thread string, at stamp) int64 {
	const epoch = 1_199_145_600 // 2008, when GitHub began
	key := placeKey{kind + thread, at}
	nth := l.at[key]
	l.at[key]++
	id := int64(max(at, epoch)-epoch)<<20 | int64(hashOf(kind, thread)&0x3fff)<<6 | int64(nth&63)
	return l.take(kind, max(id, 1))
}

// given is the number inside of a node id, or a made up one.
func (l *loader) given(kind string, node archiveText, thread string, at stamp) int64 {
	if id, ok := databaseID(string(node)); ok {
		id = l.take(kind, id)
		l.nodes[nodeKey{kind, id}] = string(node)
		return id
	}
	return l.number(kind, thread, at)
}

func (l *loader) take(kind string, id int64) int64 {
	for l.used[nodeKey{kind, id}] {
		id++
	}
	l.used[nodeKey{kind, id}] = true
	return id
}

// threads reads issues and pulls, in the order of their numbers.
func (l *loader) threads() error {
	for _, la := range l.file.Labels {
		l.addLabel(string(la.Name), string(la.Color), string(la.Description))
	}
	pulls := l.file.Pulls
	for i := range l.file.Issues {
		pulls = append(pulls, archivePull{archiveIssue: l.file.Issues[i]})
	}
	order := make([]int, len(pulls))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(pulls[a].Number, pulls[b].Number) })
	for n, i := range order {
		if pulls[i].Number <= 0 {
			return errors.New("an issue or a pull request has no number")
		}
		if n > 0 && pulls[order[n-1]].Number == pulls[i].Number {
			continue // listed twice
		}
		l.thread(&pulls[i], i < len(l.file.Pulls))
	}
	ascending(l.comments, func(c *comment) stamp { return c.created })
	return nil
}

func (l *loader) thread(p *archivePull, isPull bool) {
	i := int32(len(l.issues))
	thread := strconv.Itoa(int(p.Number))
	is := issue{
		number: p.Number, user: l.addUser(string(p.Author)), closedBy: nobody, pull: none, milestone: none,
		created: cmp.Or(stamp(p.CreatedAt), l.now), closed: stamp(p.ClosedAt), assoc: parseAssociation(p.AuthorAssociation),
		title: literal(string(p.Title)), body: literal(string(p.Body)), comments: int32(len(p.Comments)),
	}
	is.updated = cmp.Or(stamp(p.UpdatedAt), is.closed, is.created)
	state := strings.ToUpper(string(p.State))
	if (state == "CLOSED" || state == "MERGED") && is.closed == 0 {
		is.closed = is.updated
	} else if state == "OPEN" {
		is.closed = 0
	}
	for _, name := range p.Labels {
		if label := l.addLabel(string(name), "ededed", ""); name != "" && !slices.Contains(is.labels, label) {
			is.labels = append(is.labels, label)
		}
	}
	for _, login := range p.Assignees {
		if u := l.addUser(string(login)); u != nobody && !slices.Contains(is.assignees, u) {
			is.assignees = append(is.assignees, u)
		}
	}
	if isPull {
		is.id = l.number("I", thread, is.created)
		is.pull = l.pull(p, &is, i, thread)
	} else {
		is.id = l.given("I", p.ID, thread, is.created)
		if is.closed != 0 {
			is.reason = reasonCompleted
		}
	}
	l.issues = append(l.issues, is)
	for n := range p.Comments {
		l.comment(&p.Comments[n], i, &is, thread)
	}
}

func (l *loader) comment(c *archiveComment, i int32, is *issue, thread string) {
	at := cmp.Or(stamp(c.CreatedAt), is.created)
	l.Repository.comments = append(l.Repository.comments, comment{
		id: l.number("IC", thread, at), issue: i, user: l.addUser(string(c.Author)), created: at,
		updated: cmp.Or(stamp(c.UpdatedAt), at), body: literal(string(c.Body)), assoc: parseAssociation(c.AuthorAssociation),
	})
}

func parseAssociation(s archiveText) association {
	if n := slices.Index(associations[:], strings.ToUpper(string(s))); n >= 0 {
		return association(n)
	}
	return assocNone
}

// object is a git object by its full or short name; of one that is not known,
// a hash of the name stands for what is missing.
func (l *loader) object(name archiveText, otherwise string) hash {
	short := strings.ToLower(string(name))
	if h := parseHash(short); h != (hash{}) {
		return h
	}
	if n, _ := slices.BinarySearch(l.hashes, short); short != "" && n < len(l.hashes) && strings.HasPrefix(l.hashes[n], short) {
		return parseHash(l.hashes[n])
	}
	sum := sha1.Sum([]byte(cmp.Or(short, otherwise)))
	full := hex.EncodeToString(sum[:])
	if h := parseHash(short + full[min(len(short), len(full)):]); h != (hash{}) {
		return h
	}
	return sum
}
