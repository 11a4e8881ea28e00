package archivetest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	madeUpIssues = 40
	madeUpPulls  = 60
)

// madeUpStart is when the made-up repository began.
var madeUpStart = time.Date(2021, 3, 1, 9, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// generated makes a series up, the same at each call.
func generated(t testing.TB) Series {
	t.Helper()
	dir := t.TempDir()
	s := Series{Name: "made up", Commits: filepath.Join(dir, "commits.ndjson"), Refs: filepath.Join(dir, "refs.json")}
	for moment := range 3 {
		path := filepath.Join(dir, fmt.Sprintf("snapshot-%d.json", moment+1))
		save(t, path, madeUp(moment))
		s.Snapshots = append(s.Snapshots, path)
	}
	var commits []string
	for i := range 120 {
		commits = append(commits, madeUpCommit(t, i))
	}
	if err := os.WriteFile(s.Commits, []byte(strings.Join(commits, "\n")), 0o600); err != nil {
		t.Fatalf("write the made-up commits: %v", err)
	}
	save(t, s.Refs, map[string]any{"default_branch": "main", "refs": []map[string]any{
		{"ref": "refs/heads/main", "sha": sha(119)}, {"ref": "refs/heads/side", "sha": sha(60)}, {"ref": "refs/tags/v1", "sha": sha(50)},
	}})
	return s
}

func save(t testing.TB, path string, content any) {
	t.Helper()
	raw, err := json.Marshal(content)
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		t.Fatalf("write a made-up archive: %v", err)
	}
}

func sha(i int) string { return fmt.Sprintf("%040x", i+1) }

func madeUpCommit(t testing.TB, i int) string {
	t.Helper()
	parents := []string{}
	if i > 0 {
		parents = append(parents, sha(i-1))
	}
	who := map[string]any{"name": "Ada", "date": madeUpStart.AddDate(0, 0, i).Format(time.RFC3339)}
	raw, err := json.Marshal(map[string]any{
		"sha": sha(i), "parents": parents, "tree": sha(1000 + i), "author": who, "committer": who, "message": fmt.Sprintf("change %d", i),
	})
	if err != nil {
		t.Fatalf("make a commit up: %v", err)
	}
	return string(raw)
}

// madeUp is the repository at a moment: half a year later each, with a new issue, a
// new pull request, new comments and reviews, and an edit.
func madeUp(moment int) map[string]any {
	at := madeUpStart.AddDate(1, 6*moment, 0)
	var issues, pulls []map[string]any
	for i := range madeUpIssues + moment {
		issues = append(issues, madeUpThread(2*i+1, i, at, moment))
	}
	for i := range madeUpPulls + moment {
		pulls = append(pulls, madeUpPull(2*i+2, i, at, moment))
	}
	return map[string]any{
		"magic": "made up", "timestamp": at.Format(time.RFC3339), "repo": "acme/archive", "issues": issues, "pulls": pulls,
		"labels": []map[string]any{
			{"name": "bug", "description": "broken", "color": "d73a4a"},
			{"name": "editorial", "description": nil, "color": "ededed"},
			{"name": "question", "description": "asked", "color": "cc317c"},
		},
	}
}

// people who write in turns.
func author(i int) string { return []string{"ada", "ben", "eve", "zoe"}[i%4] }

// madeUpThread is the i-th issue at a moment. Every seventh is closed; the third has
// one more comment at each moment, the fifth another title.
func madeUpThread(number, i int, at time.Time, moment int) map[string]any {
	created := madeUpStart.Add(time.Duration(number) * 26 * time.Hour)
	if late := i - madeUpIssues; late >= 0 {
		created = at.AddDate(0, -6*(moment-late-1), -3)
	}
	updated, title := created.Add(time.Hour), fmt.Sprintf("Thing %d", number)
	comments := []map[string]any{}
	for n := range i % 4 {
		comments = append(comments, madeUpComment(created.Add(time.Duration(n+1)*time.Minute), n))
	}
	if i == 3 {
		for n := range moment {
			updated = madeUpStart.AddDate(1, 6*(n+1), -2)
			comments = append(comments, madeUpComment(updated, n))
		}
	}
	if i == 5 && moment > 0 {
		updated, title = madeUpStart.AddDate(1, 6*moment, -1), fmt.Sprintf("Renamed %d times", moment)
	}
	o := map[string]any{
		"number": number, "id": nil, "title": title, "state": "OPEN", "author": author(i),
		"authorAssociation": "CONTRIBUTOR", "assignees": []string{"ada"}[:i%2], "labels": []string{"bug", "editorial", "question"}[:i%4%3+i%2%3],
		"body": fmt.Sprintf("About %d: ünï 😀 \u0000", number), "createdAt": created.Format(time.RFC3339),
		"updatedAt": updated.Format(time.RFC3339), "closedAt": nil, "comments": comments,
	}
	if i%7 == 0 {
		o["state"], o["closedAt"] = "CLOSED", updated.Format(time.RFC3339)
	}
	return o
}

func madeUpComment(at time.Time, n int) map[string]any {
	return map[string]any{
		"author": []string{"ben", "zoe"}[n%2], "authorAssociation": "NONE", "body": fmt.Sprintf("comment %d", n),
		"createdAt": at.Format(time.RFC3339), "updatedAt": at.Format(time.RFC3339),
	}
}

// madeUpPull is the i-th pull request at a moment: every other comes from a fork,
// every third has reviews, the first half is merged.
func madeUpPull(number, i int, at time.Time, moment int) map[string]any {
	thread := max(i-(madeUpPulls-madeUpIssues), 0)
	o := madeUpThread(number, thread, at, moment)
	created, head := o["createdAt"], "acme/archive"
	if i%2 == 0 {
		head = author(thread) + "/archive"
	}
	reviews := []map[string]any{}
	for n := range i % 3 {
		reviews = append(reviews, map[string]any{
			"id": nil, "commit": map[string]any{"abbreviatedOid": sha(i)[:7]}, "author": "ben", "authorAssociation": "MEMBER",
			"state": []string{"APPROVED", "COMMENTED"}[n%2], "body": fmt.Sprintf("review %d", n), "createdAt": created, "updatedAt": created,
			"comments": []map[string]any{{"originalPosition": 3, "body": "here", "createdAt": created, "updatedAt": created}},
		})
	}
	for name, value := range map[string]any{
		"baseRepository": "acme/archive", "baseRefName": "main", "baseRefOid": sha(i), "headRepository": head, "headRefName": "topic",
		"headRefOid": sha(2000 + i), "mergedAt": nil, "mergedBy": nil, "mergeCommit": nil, "reviews": reviews, "number": number,
	} {
		o[name] = value
	}
	if i < madeUpPulls/2 {
		o["state"], o["closedAt"], o["mergedAt"], o["mergedBy"] = "MERGED", o["updatedAt"], o["updatedAt"], "ada"
		o["mergeCommit"] = map[string]any{"oid": sha(i + 1)}
	}
	return o
}
