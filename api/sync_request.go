package api

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/internal/operation"
)

// syncRequest is the body of POST /v1/syncs: of operation.SyncInput what clients may ask for.
type syncRequest struct {
	Repository   string   `json:"repository,omitempty" maxLength:"250" example:"octocat/hello-world" doc:"The repository to mirror, as owner/name. Either this or organization."`
	Organization string   `json:"organization,omitempty" maxLength:"100" example:"octo-corp" doc:"The organization to mirror, by its login: it and its repositories. Either this or repository."`
	Include      []string `json:"include,omitempty" minItems:"1" maxItems:"100" nullable:"false" doc:"Only repositories of the organization whose name, without the owner, matches one of these patterns, in any case: * stands for any characters, ? for one, [a-z] for one of a range, \\ takes away a special meaning." example:"[\"service-*\"]"`
	Exclude      []string `json:"exclude,omitempty" minItems:"1" maxItems:"100" nullable:"false" doc:"No repositories of the organization whose name matches one of these patterns, even where include names them." example:"[\"*-archive\"]"`
	Archived     bool     `json:"archived,omitempty" doc:"Archived repositories of the organization as well."`
	Forks        bool     `json:"forks,omitempty" doc:"Forks among the organization's repositories as well."`
	Collections  []string `json:"collections,omitempty" minItems:"1" maxItems:"100" nullable:"false" doc:"Only these collections, or presets of them: core, all. Leave it out for core; an empty list is refused." example:"[\"issues\",\"pulls\"]"`
	Full         bool     `json:"full,omitempty" doc:"Compare the repository's mirror with all that GitHub has, count by how much it differed and repair it: a sweep, at the lowest priority. Not for an organization."`

	Lane operation.Lane `json:"lane,omitempty" enum:"interactive,incremental,backfill" doc:"How urgent it is: before which other work its requests to GitHub go while there is more of it than GitHub allows. interactive: somebody waits for it; incremental: as urgent as webhooks; backfill: it has time. Leave it out for backfill, and for a full check to come after everything else."`

	Approval operation.Approval `json:"approval,omitempty" enum:"required" doc:"required: the operation makes its plan, and reads nothing before somebody approves it. Leave it out for one that begins by itself."`
}

// lists are the members of a request that hold lists.
func (syncRequest) lists() []string { return []string{"include", "exclude", "collections"} }

// longestPattern is longer than any name of a repository.
const longestPattern = 200

// normalize checks a request and brings it into the one form that equal requests
// share: presets and collections in the plan's order, each once.
func (a *API) normalize(r syncRequest) (syncRequest, []Field) {
	fields := r.subjectFields()
	if r.Lane == operation.LaneBackfill && !r.Full {
		r.Lane = "" // it is the lane without asking
	}
	fields = append(fields, patternFields("include", r.Include)...)
	fields = append(fields, patternFields("exclude", r.Exclude)...)
	known := slices.Concat(a.opts.Presets, a.opts.Collections)
	if r.Organization != "" {
		known = slices.Concat(a.opts.Presets, a.opts.OrganizationCollections, a.opts.Collections)
	}
	for i, name := range r.Collections {
		if !slices.Contains(known, name) {
			fields = append(fields, Field{
				Location: fmt.Sprintf("body.collections[%d]", i),
				Message:  "is not a collection; there are " + strings.Join(known, ", "),
			})
		}
	}
	asked := r.Collections
	r.Collections = nil
	for _, name := range known {
		if slices.Contains(asked, name) {
			r.Collections = append(r.Collections, name)
		}
	}
	return r, fields
}

// subjectFields are what is wrong with what is to be mirrored.
func (r syncRequest) subjectFields() []Field {
	switch {
	case r.Organization != "" && r.Repository != "":
		return []Field{{Location: "body.organization", Message: "cannot be asked for together with a repository: send two requests"}}
	case r.Organization != "" && r.Full:
		return []Field{{Location: "body.full", Message: "is for a repository only"}}
	case r.Organization != "":
		if err := parseOrganization(r.Organization); err != nil {
			return []Field{{Location: "body.organization", Message: err.Error()}}
		}
		return nil
	}
	var fields []Field
	if err := parseRepository(r.Repository); err != nil {
		message := err.Error()
		if r.Repository == "" {
			message += "; or name an organization"
		}
		fields = append(fields, Field{Location: "body.repository", Message: message})
	}
	for _, only := range []struct {
		name string
		set  bool
	}{{"include", r.Include != nil}, {"exclude", r.Exclude != nil}, {"archived", r.Archived}, {"forks", r.Forks}} {
		if only.set {
			fields = append(fields, Field{Location: "body." + only.name, Message: "is for an organization only"})
		}
	}
	return fields
}

// patternFields are what is wrong with patterns of repositories' names.
func patternFields(name string, patterns []string) []Field {
	var fields []Field
	for i, pattern := range patterns {
		if err := parsePattern(pattern); err != nil {
			fields = append(fields, Field{Location: fmt.Sprintf("body.%s[%d]", name, i), Message: err.Error()})
		}
	}
	return fields
}

// parsePattern checks a pattern of repositories' names.
func parsePattern(pattern string) error {
	if pattern == "" || len(pattern) > longestPattern {
		return fmt.Errorf("must have 1 to %d characters", longestPattern)
	}
	if strings.Contains(pattern, "/") {
		return errors.New("is held against names without the owner, so it cannot have a slash")
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return errors.New("is not a pattern: a [ needs its ], and a \\ a character after it")
	}
	return nil
}

// input is r as the operation keeps it.
func (r syncRequest) input() operation.SyncInput {
	return operation.SyncInput{
		Repository: r.Repository, Organization: r.Organization,
		Include: r.Include, Exclude: r.Exclude, Archived: r.Archived, Forks: r.Forks, Collections: r.Collections, Full: r.Full, Lane: r.Lane,
		Approval: r.Approval,
	}
}
