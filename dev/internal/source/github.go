package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/internal/config"
)

// countedLists are the lists whose length GitHub tells in one request: with one
// item a page the last page's number is the number of items. Reviews exist for each
// pull only and cannot be counted like that.
func countedLists() map[string]string {
	return map[string]string{
		"labels":          "/labels",
		"milestones":      "/milestones?state=all",
		"issues":          "/issues?state=all",
		"issue_comments":  "/issues/comments",
		"pulls":           "/pulls?state=all",
		"review_comments": "/pulls/comments",
		"commits":         "/commits",
		"branches":        "/branches",
		"tags":            "/tags",
		"releases":        "/releases",
	}
}

var lastPage = regexp.MustCompile(`[?&]page=(\d+)[^>]*>;\s*rel="last"`)

// realGitHub is a repository on GitHub itself or on a GitHub Enterprise Server.
type realGitHub struct {
	fullName string
	id       int64
	base     string // ends with "/"
	secret   string
	client   *http.Client
}

// openGitHub asks for the repository, so that what is wrong is said before
// anything is started.
func openGitHub(ctx context.Context, o Options) (*realGitHub, error) {
	owner, name, ok := strings.Cut(o.Repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("REPO is %q and has to be of the form owner/name", o.Repository)
	}
	g := &realGitHub{
		base: "https://api.github.com/", secret: o.GitHubToken,
		client: &http.Client{Timeout: 20 * time.Second},
	}
	if o.GitHubURL != "" {
		g.base = strings.TrimSuffix(o.GitHubURL, "/") + "/"
	}
	answer, err := g.get(ctx, "repos/"+url.PathEscape(owner)+"/"+url.PathEscape(name))
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("GitHub cannot be reached at %s (%w): check the network, or leave REPO out to mirror a simulated repository", g.base, err)
	}
	if answer.status != http.StatusOK {
		return nil, g.refusal(answer, o.Repository)
	}
	var repository struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
	}
	if err := json.Unmarshal(answer.body, &repository); err != nil || repository.ID == 0 {
		return nil, fmt.Errorf("%s does not answer as GitHub does: check GITHUB_API_URL", g.base)
	}
	g.id, g.fullName = repository.ID, repository.FullName
	return g, nil
}

// refusal says in one sentence why GitHub does not show the repository.
func (g *realGitHub) refusal(a answer, repository string) error {
	hint := ""
	if g.secret == "" {
		hint = "; set GITHUB_TOKEN for private repositories and for 5,000 requests an hour"
	}
	switch {
	case a.status == http.StatusUnauthorized:
		return errors.New("GitHub does not accept GITHUB_TOKEN (401): it is wrong, expired or revoked")
	case a.status == http.StatusNotFound:
		return fmt.Errorf("GitHub shows no repository %s (404): the name is wrong, or it is private%s", repository, hint)
	case a.header.Get("X-RateLimit-Remaining") == "0":
		until := "later"
		if reset, err := strconv.ParseInt(a.header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			until = "at " + time.Unix(reset, 0).Format("15:04:05")
		}
		return fmt.Errorf("GitHub's hourly limit is used up (%d): try again %s%s", a.status, until, hint)
	default:
		return fmt.Errorf("GitHub answers %d %s for %s", a.status, http.StatusText(a.status), repository)
	}
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (g *realGitHub) get(ctx context.Context, path string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.base+path, nil)
	if err != nil {
		return answer{}, fmt.Errorf("ask %s: %w", g.base, err)
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("User-Agent", "holdfast-demo")
	if g.secret != "" {
		request.Header.Set("Authorization", "Bearer "+g.secret)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return answer{}, err
	}
	return answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

func (g *realGitHub) Repository() string { return g.fullName }
func (g *realGitHub) APIURL() string     { return g.base }
func (g *realGitHub) Token() string      { return g.secret }
func (g *realGitHub) Describe() string   { return "from " + g.base }
func (g *realGitHub) Close() error       { return nil }

func (g *realGitHub) Requests() (map[string]int64, int64, bool) { return nil, 0, false }

// Count asks GitHub for the length of each list, one request each, and counts the
// mirror's rows. What GitHub does not tell cheaply, or not any more within its
// limit, stays unknown.
func (g *realGitHub) Count(ctx context.Context, pool *pgxpool.Pool) (map[string]Count, error) {
	mirrored, err := mirror.Count(ctx, pool, config.DefaultWorkspace, g.id)
	if err != nil {
		return nil, err
	}
	one := int64(1)
	onGitHub := map[string]*int64{"repository": &one} // it was asked for at the start
	for name, list := range countedLists() {
		onGitHub[name] = g.length(ctx, list)
	}
	// GitHub lists pulls among the issues.
	if issues, pulls := onGitHub["issues"], onGitHub["pulls"]; issues != nil && pulls != nil {
		*issues -= *pulls
	} else {
		onGitHub["issues"] = nil
	}
	counts := map[string]Count{}
	for name, n := range mirrored {
		counts[name] = Count{Source: onGitHub[name], Mirrored: n}
	}
	return counts, nil
}

// length is the length of a list, nil if GitHub does not tell.
func (g *realGitHub) length(ctx context.Context, list string) *int64 {
	separator := "?"
	if strings.Contains(list, "?") {
		separator = "&"
	}
	a, err := g.get(ctx, fmt.Sprintf("repositories/%d%s%sper_page=1", g.id, list, separator))
	if err != nil {
		return nil
	}
	var n int64
	switch a.status {
	case http.StatusOK:
	case http.StatusGone, http.StatusConflict: // issues are disabled; the repository has no commit
		return &n
	default:
		return nil
	}
	link := a.header.Get("Link")
	if match := lastPage.FindStringSubmatch(link); match != nil {
		n, err = strconv.ParseInt(match[1], 10, 64)
		if err != nil {
			return nil
		}
		return &n
	}
	var items []json.RawMessage
	if strings.Contains(link, `rel="next"`) || json.Unmarshal(a.body, &items) != nil {
		return nil
	}
	n = int64(len(items))
	return &n
}
