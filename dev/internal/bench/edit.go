package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// changedShare is one of so many items that changeSome changes.
const changedShare = 100

// changeSome changes one in a hundred items, spread over the lists from the oldest to
// the newest: issues and pull requests are edited, so are comments, and commits are
// pushed. It tells how many of each.
func changeSome(sim *githubsim.Server, repository *githubsim.Repository) (map[string]int, error) {
	var numbers []int
	if err := eachIssue(sim, repository, func(i issue) { numbers = append(numbers, i.Number) }); err != nil {
		return nil, err
	}
	owner, name := split(repository.FullName())
	text := "Changed while the mirror looked away."
	changed := map[string]int{}
	for n := 0; n < len(numbers); n += changedShare {
		if err := repository.EditIssue(numbers[n], githubsim.IssueEdit{Body: &text, By: owner}); err != nil {
			return nil, fmt.Errorf("edit issue %d: %w", numbers[n], err)
		}
		changed["issues"]++
	}
	for collection, edit := range map[string]func(int64, string, ...githubsim.EditMode) error{
		"issue_comments": repository.EditIssueComment, "review_comments": repository.EditReviewComment,
	} {
		n := 0
		for key := range sim.Items(owner, name, collection) {
			if n++; n%changedShare != 1 {
				continue
			}
			id, err := strconv.ParseInt(key, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("read the id of one of the %s: %w", collection, err)
			}
			if err := edit(id, text); err != nil {
				return nil, fmt.Errorf("edit one of the %s: %w", collection, err)
			}
			changed[collection]++
		}
	}
	changed["commits"] = sim.Count(owner, name, "commits") / changedShare
	for range changed["commits"] {
		repository.Push("main", githubsim.NewCommit{Message: text, By: owner})
	}
	return changed, nil
}

// issue is what matters here of one; pull requests stand among them.
type issue struct {
	Number int             `json:"number"`
	Pull   json.RawMessage `json:"pull_request"`
}

func eachIssue(sim *githubsim.Server, repository *githubsim.Repository, do func(issue)) error {
	owner, name := split(repository.FullName())
	for key, raw := range sim.Items(owner, name, "issues") {
		var i issue
		if err := json.Unmarshal(raw, &i); err != nil {
			return fmt.Errorf("read issue %s: %w", key, err)
		}
		do(i)
	}
	return nil
}

// edit is one of an issue. Its place in the list stands in the issue's title.
type edit struct {
	Number int       `json:"number"` // of the issue
	At     time.Time `json:"at"`     // when it was made
}

// titlePrefix is what an edited issue's title begins with; the edit's place follows.
const titlePrefix = "Edit "

// editSteadily edits one issue after the other, at the rate that is asked for and from
// the first again after the last, and has a hook tell of each. It returns when every
// delivery was answered.
func editSteadily(ctx context.Context, sim *githubsim.Server, repository *githubsim.Repository, r *http.Request) (edits []edit, err error) {
	rate, err := strconv.Atoi(r.PostFormValue("rate"))
	if err != nil || rate < 1 {
		return nil, errors.New("there must be a rate of one a second at least")
	}
	length, err := time.ParseDuration(r.PostFormValue("for"))
	if err != nil {
		return nil, fmt.Errorf("read how long to edit: %w", err)
	}
	var numbers []int
	if err := eachIssue(sim, repository, func(i issue) {
		if i.Pull == nil {
			numbers = append(numbers, i.Number)
		}
	}); err != nil {
		return nil, err
	}
	hook := sim.AddHook(githubsim.HookOptions{
		Of: repository.FullName(), URL: r.PostFormValue("url"), Secret: r.PostFormValue("secret"), Events: []string{"issues"},
	})
	defer hook.Close()
	if edits, err = editEvery(ctx, repository, numbers, time.Second/time.Duration(rate), length); err != nil {
		return nil, err
	}
	hook.Wait()
	if hook.Sent() != len(edits) || hook.Failed() > 0 {
		return nil, fmt.Errorf("of %d deliveries %d were sent and %d failed", len(edits), hook.Sent(), hook.Failed())
	}
	return edits, nil
}

// editEvery makes up for edits that came late, so that the rate holds over the whole.
func editEvery(ctx context.Context, repository *githubsim.Repository, numbers []int, interval, length time.Duration) ([]edit, error) {
	owner, _ := split(repository.FullName())
	edits := make([]edit, int(length/interval))
	start := time.Now()
	due := time.NewTimer(0)
	defer due.Stop()
	for n := range edits {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-due.C:
		}
		title := titlePrefix + strconv.Itoa(n)
		edits[n] = edit{Number: numbers[n%len(numbers)], At: time.Now()}
		if err := repository.EditIssue(edits[n].Number, githubsim.IssueEdit{Title: &title, By: owner}); err != nil {
			return nil, fmt.Errorf("edit issue %d: %w", edits[n].Number, err)
		}
		due.Reset(time.Until(start.Add(time.Duration(n+1) * interval)))
	}
	return edits, nil
}
