package githubsim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ulikunitz/xz"
)

// The shape of an archive: what GraphQL says of a repository's issues and pull
// requests, written down by its maintainers. Every field may be missing.
type (
	archiveFile struct {
		Timestamp archiveTime    `json:"timestamp"`
		Repo      string         `json:"repo"`
		Labels    []archiveLabel `json:"labels"`
		Issues    []archiveIssue `json:"issues"`
		Pulls     []archivePull  `json:"pulls"`
	}
	archiveLabel struct {
		Name        archiveText `json:"name"`
		Description archiveText `json:"description"`
		Color       archiveText `json:"color"`
	}
	archiveIssue struct {
		Number            int32            `json:"number"`
		ID                archiveText      `json:"id"`
		Title             archiveText      `json:"title"`
		State             archiveText      `json:"state"`
		Author            archiveText      `json:"author"`
		AuthorAssociation archiveText      `json:"authorAssociation"`
		Assignees         []archiveText    `json:"assignees"`
		Labels            []archiveText    `json:"labels"`
		Body              archiveText      `json:"body"`
		CreatedAt         archiveTime      `json:"createdAt"`
		UpdatedAt         archiveTime      `json:"updatedAt"`
		ClosedAt          archiveTime      `json:"closedAt"`
		Comments          []archiveComment `json:"comments"`
	}
	archivePull struct {
		archiveIssue
		BaseRepository archiveText     `json:"baseRepository"`
		BaseRefName    archiveText     `json:"baseRefName"`
		BaseRefOID     archiveText     `json:"baseRefOid"`
		HeadRepository archiveText     `json:"headRepository"`
		HeadRefName    archiveText     `json:"headRefName"`
		HeadRefOID     archiveText     `json:"headRefOid"`
		MergedAt       archiveTime     `json:"mergedAt"`
		MergedBy       archiveText     `json:"mergedBy"`
		MergeCommit    archiveText     `json:"mergeCommit"`
		Reviews        []archiveReview `json:"reviews"`
	}
	archiveComment struct {
		Author            archiveText `json:"author"`
		AuthorAssociation archiveText `json:"authorAssociation"`
		Body              archiveText `json:"body"`
		CreatedAt         archiveTime `json:"createdAt"`
		UpdatedAt         archiveTime `json:"updatedAt"`
		OriginalPosition  int32       `json:"originalPosition"` // of a review's comments
	}
	archiveReview struct {
		ID                archiveText      `json:"id"`
		Commit            archiveText      `json:"commit"`
		Author            archiveText      `json:"author"`
		AuthorAssociation archiveText      `json:"authorAssociation"`
		State             archiveText      `json:"state"`
		Body              archiveText      `json:"body"`
		CreatedAt         archiveTime      `json:"createdAt"`
		UpdatedAt         archiveTime      `json:"updatedAt"`
		Comments          []archiveComment `json:"comments"`
	}
	archiveCommit struct {
		SHA       string           `json:"sha"`
		Parents   []string         `json:"parents"`
		Tree      string           `json:"tree"`
		Author    archiveSignature `json:"author"`
		Committer archiveSignature `json:"committer"`
		Message   archiveText      `json:"message"`
	}
	archiveSignature struct {
		Name archiveText `json:"name"`
		Date archiveTime `json:"date"`
	}
	archiveRefs struct {
		DefaultBranch string `json:"default_branch"`
		Refs          []struct {
			Ref    string  `json:"ref"`
			SHA    string  `json:"sha"`
			Peeled *string `json:"peeled"`
		} `json:"refs"`
	}
)

// archiveText is a string, null, or an object that has the string as its login,
// name, nameWithOwner or oid. Lone surrogates survive in it, see appendEscaped.
type archiveText string

func (t *archiveText) UnmarshalJSON(data []byte) error {
	*t = ""
	switch {
	case len(data) > 0 && data[0] == '"':
		*t = archiveText(unquote(data[1 : len(data)-1]))
	case len(data) > 0 && data[0] == '{':
		var named struct {
			Login          archiveText `json:"login"`
			NameWithOwner  archiveText `json:"nameWithOwner"`
			OID            archiveText `json:"oid"`
			AbbreviatedOID archiveText `json:"abbreviatedOid"`
			Name           archiveText `json:"name"`
		}
		if err := json.Unmarshal(data, &named); err != nil {
			return fmt.Errorf("reading a name: %w", err)
		}
		for _, s := range []archiveText{named.Login, named.NameWithOwner, named.OID, named.AbbreviatedOID, named.Name} {
			if *t == "" {
				*t = s
			}
		}
	case !bytes.Equal(data, []byte("null")):
		return fmt.Errorf("%.40s is no text", data)
	}
	return nil
}

// unquote reads the inside of a valid JSON string. Unlike encoding/json it keeps
// lone surrogates, as the three bytes that WTF-8 has for them.
func unquote(s []byte) string {
	if bytes.IndexByte(s, '\\') < 0 {
		return string(s)
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		if s[i] != 'u' {
			out = append(out, unescape(s[i]))
			continue
		}
		r := codeUnit(s[i+1:])
		i += 4
		if utf16.IsSurrogate(r) && i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
			if pair := utf16.DecodeRune(r, codeUnit(s[i+3:])); pair != utf8.RuneError {
				r = pair
				i += 6
			}
		}
		if utf16.IsSurrogate(r) {
			out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return string(out)
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	default:
		return c
	}
}

// codeUnit reads four hexadecimal digits, which the JSON scanner has checked.
func codeUnit(s []byte) rune {
	n, err := strconv.ParseUint(string(s[:4]), 16, 32)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}

// archiveTime is a time; null and what is no time are none.
type archiveTime stamp

func (t *archiveTime) UnmarshalJSON(data []byte) error {
	*t = 0
	var s string
	if json.Unmarshal(data, &s) != nil {
		return nil //nolint:nilerr // archives are others' work: a bad date is no date
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		*t = archiveTime(stampOf(at))
	}
	return nil
}

// readFile opens a file, unpacks it if it is xz, and hands it to read.
func readFile(path string, read func(io.Reader) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := bufio.NewReader(f)
	var from io.Reader = in
	if magic, _ := in.Peek(6); bytes.Equal(magic, []byte("\xfd7zXZ\x00")) { // a short file is no xz
		if from, err = xz.NewReader(in); err != nil {
			return fmt.Errorf("unpacking %s: %w", path, err)
		}
	}
	if err := read(from); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

func readJSON(path string, into any) error {
	return readFile(path, func(r io.Reader) error { return json.NewDecoder(r).Decode(into) })
}

// readCommits reads commits, one JSON document after another.
func readCommits(path string) ([]archiveCommit, error) {
	var commits []archiveCommit
	err := readFile(path, func(r io.Reader) error {
		for d := json.NewDecoder(r); ; {
			var c archiveCommit
			switch err := d.Decode(&c); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return fmt.Errorf("commit %d: %w", len(commits)+1, err)
			}
			commits = append(commits, c)
		}
	})
	return commits, err
}
