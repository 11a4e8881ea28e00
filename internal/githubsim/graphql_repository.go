package githubsim

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// vertex is the repository in the graph.
func (r *Repository) vertex() *vertex {
	return &vertex{"Repository", func(name string, args map[string]any) any {
		n, _ := integer(args["number"])
		switch name {
		case "databaseId":
			return number(r.info.id)
		case "id":
			return scalar(func(e *encoder) { e.rootNode("R_", r.info.id) })
		case "nameWithOwner":
			return words(r.info.fullName)
		case "url":
			return words(r.web)
		case "hasDiscussionsEnabled":
			return flag(r.info.hasDiscussions)
		case "pullRequest":
			i, ok := r.findIssue(int32(n))
			if !ok || r.issues[i].pull == none {
				return graphqlError{kind: "NOT_FOUND", message: "Could not resolve to a PullRequest with the number of " + decimal(n) + "."}
			}
			return r.pullVertex(r.issues[i].pull)
		case "discussion":
			i, ok := r.findDiscussion(int32(n))
			if !ok || !r.info.hasDiscussions {
				return graphqlError{kind: "NOT_FOUND", message: "Could not resolve to a Discussion with the number of " + decimal(n) + "."}
			}
			return r.discussionVertex(i)
		case "discussions":
			return r.discussionList(args)
		}
		return nil
	}}
}

func (r *Repository) pullVertex(p int32) *vertex {
	return &vertex{"PullRequest", func(name string, args map[string]any) any {
		switch name {
		case "id":
			return scalar(func(e *encoder) { e.nodeOf(r, "PR", r.pulls[p].id) })
		case "number":
			return number(r.pullNumber(p))
		case "reviews":
			list := r.pulls[p].reviews
			return places("PullRequestReviewConnection", len(list), args, func(i int) *vertex { return r.reviewVertex(list[i]) })
		}
		return nil
	}}
}

func (r *Repository) reviewVertex(i int32) *vertex {
	v := &r.reviews[i]
	n := r.pullNumber(v.pull)
	return &vertex{"PullRequestReview", func(name string, _ map[string]any) any {
		switch name {
		case "id":
			return scalar(func(e *encoder) { e.nodeOf(r, "PRR", v.id) })
		case "fullDatabaseId":
			return words(decimal(v.id)) // a BigInt is a string
		case "author":
			return r.actorVertex(v.user)
		case "authorAssociation":
			return words(v.assoc.String())
		case "body":
			return scalar(func(e *encoder) { e.text(r, &v.body, n) })
		case "state":
			return words(v.state.String())
		case "url":
			return words(r.web + "/pull/" + decimal(n) + "#pullrequestreview-" + decimal(v.id))
		case "submittedAt":
			return moment(v.submitted)
		case "commit":
			if v.commit == (hash{}) {
				return nil
			}
			return &vertex{"Commit", func(string, map[string]any) any { return words(v.commit.String()) }}
		}
		return nil
	}}
}

// actorVertex is a user; nil for one who was deleted. GraphQL leaves out a bot's
// "[bot]", and the addresses of people's avatars have a hash of the picture.
func (r *Repository) actorVertex(i int32) *vertex {
	if i == nobody {
		return nil
	}
	u := &r.users[i]
	avatar := u.avatar()
	if u.kind == kindUser {
		avatar = strings.Replace(avatar, "?", "?u="+parseHash(strings.Repeat("0a", 20)).String()+"&", 1)
	}
	return &vertex{u.kind.String(), func(name string, _ map[string]any) any {
		switch name {
		case "id":
			return scalar(func(e *encoder) { e.userNode(u) })
		case "databaseId":
			return number(u.id)
		case "isSiteAdmin":
			return flag(false)
		case "login":
			return words(strings.TrimSuffix(u.login, "[bot]"))
		case "url":
			return words(u.page())
		case "resourcePath":
			return words(strings.TrimPrefix(u.page(), webRoot))
		case "avatarUrl":
			return words(avatar)
		}
		return nil
	}}
}

// discussionList is a page of the repository's discussions. Its cursors hold the sort
// value and the id of the item that ended the page, so that they stand still while
// others move, and no others than those of the same order.
func (r *Repository) discussionList(args map[string]any) *vertex {
	by, descending := byUpdated, true
	if order, ok := args["orderBy"].(map[string]any); ok {
		if order["field"] == "CREATED_AT" {
			by = byCreated
		}
		descending = order["direction"] == "DESC"
	}
	var order []int32
	if r.info.hasDiscussions {
		order = slices.Clone(r.discussionTable.view(by, anyState).order)
	}
	if descending {
		slices.Reverse(order)
	}
	at := func(i int32) cursor { return cursor{discussionRows{r}.value(i, by), r.discussions[i].id} }
	return connection("DiscussionConnection", len(order), args, func(text string) int {
		var after cursor
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || json.Unmarshal(b, &[]any{&after.value, &after.id}) != nil {
			return len(order)
		}
		for n, i := range order {
			if c := at(i).compare(after); !descending && c > 0 || descending && c < 0 {
				return n
			}
		}
		return len(order)
	}, func(n int) string {
		c := at(order[n])
		return base64.StdEncoding.EncodeToString([]byte("[" + decimal(c.value) + "," + decimal(c.id) + "]"))
	}, func(n int) *vertex { return r.discussionVertex(order[n]) })
}
