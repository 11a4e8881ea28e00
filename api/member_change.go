package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

type membersOutput struct {
	Body struct {
		Members []Member `json:"members" nullable:"false" doc:"All, by login."`
	}
}

func listMembersSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-members", Summary: "List the people whom the workspace lets in", Tags: []string{"members"}, Security: needsToken(),
		Description: "All of the workspace, with what it lets them do.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) listMembers(ctx context.Context, _ *struct{}) (*membersOutput, error) {
	list, err := a.opts.Members.Members(ctx, workspaceOf(ctx))
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &membersOutput{}
	out.Body.Members = make([]Member, len(list))
	for i, m := range list {
		out.Body.Members[i] = fromMember(m)
	}
	return out, nil
}

// memberChange is the body of PATCH /v1/members/{id}.
type memberChange struct {
	Role         *auth.Role `json:"role,omitempty" enum:"reader,operator,admin" example:"operator"`
	Repositories *[]string  `json:"repositories,omitempty" maxItems:"100" nullable:"false" example:"[\"octo-corp/*\"]" doc:"Replaces the patterns; empty: all of the workspace."`
}

type changeMemberInput struct {
	IDPath
	IfMatch string `header:"If-Match" maxLength:"512" doc:"The ETag of what is to be changed: 412 if somebody has changed it meanwhile. Leave it out to change whatever there is."`
	RawBody []byte
	Body    memberChange
}

// Resolve refuses null: nobody knows whether it means to leave something as it is.
func (in *changeMemberInput) Resolve(huma.Context) []error { return nullErrors(in.RawBody) }

var _ huma.Resolver = (*changeMemberInput)(nil)

func changeMemberSpec() huma.Operation {
	return huma.Operation{
		OperationID: "change-member", Summary: "Change what a member may do", Tags: []string{"members"}, Security: needsToken(),
		Description: "What is left out stays as it is. It holds for the member's next request; streams that they may see no more end within a heartbeat. " +
			"The last member who administers all of the workspace stays one: 409.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusServiceUnavailable},
	}
}

func (a *API) changeMember(ctx context.Context, in *changeMemberInput) (*memberOutput, error) {
	change := operation.MemberChange{Repositories: in.Body.Repositories}
	if in.Body.Role != nil {
		role := string(*in.Body.Role)
		change.Role = &role
	}
	if in.Body.Repositories != nil {
		if fields := repositoryFields(*in.Body.Repositories); len(fields) > 0 {
			return nil, invalid(ctx, fields...)
		}
	}
	if in.IfMatch != "" {
		before, err := a.opts.Members.Member(ctx, workspaceOf(ctx), in.ID)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		if !matchesTag(in.IfMatch, tagOf(fromMember(before))) {
			return nil, a.fail(ctx, operation.Changed("The member is not what If-Match names. Read it again."))
		}
		change.IfUpdatedAt = &before.UpdatedAt // as far as is known; the store compares it once more
	}
	m, err := a.opts.Members.ChangeMember(ctx, workspaceOf(ctx), in.ID, change)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "member changed", "member", m.ID, "login", m.Login, "role", m.Role, "by", subjectOf(ctx))
	return describeMember(m), nil
}

func removeMemberSpec() huma.Operation {
	return huma.Operation{
		OperationID: "remove-member", Summary: "Let a person in no more", Tags: []string{"members"}, Security: needsToken(),
		Description: "Their sessions end at once, and their streams within a heartbeat; keys that they made stay. Who is a member of no workspace any more is forgotten. " +
			"The last member who administers all of the workspace stays: 409.",
		DefaultStatus: http.StatusNoContent,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}
}

func (a *API) removeMember(ctx context.Context, in *IDPath) (*struct{}, error) {
	m, err := a.opts.Members.RemoveMember(ctx, workspaceOf(ctx), in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "member removed", "member", m.ID, "login", m.Login, "by", subjectOf(ctx))
	return nil, nil
}

// Session is a sign-in of a member.
type Session struct {
	ID            string     `json:"id" format:"uuid"`
	Method        string     `json:"method" example:"invitation" doc:"How the member signed in: invitation or github."`
	CreatedAt     time.Time  `json:"created_at"`
	RefreshedAt   time.Time  `json:"refreshed_at" doc:"When it last went on with a refresh token."`
	ExpiresAt     time.Time  `json:"expires_at"`
	RevokedAt     *time.Time `json:"revoked_at,omitempty" doc:"Absent where it was not."`
	RevokedReason string     `json:"revoked_reason,omitempty" example:"signed_out" doc:"signed_out, ended_by_admin, or refresh_reused: a refresh token was used twice."`
}

type sessionsOutput struct {
	Body struct {
		Sessions []Session `json:"sessions" nullable:"false" doc:"The newest first, a hundred at most."`
	}
}

func listSessionsSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-sessions", Summary: "List a member's sessions", Tags: []string{"members"}, Security: needsToken(),
		Description: "Those that have ended included, until a day after they would have expired.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) listSessions(ctx context.Context, in *IDPath) (*sessionsOutput, error) {
	list, err := a.opts.Members.MemberSessions(ctx, workspaceOf(ctx), in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &sessionsOutput{}
	out.Body.Sessions = make([]Session, len(list))
	for i, s := range list {
		out.Body.Sessions[i] = Session{
			ID: s.ID, Method: s.Method, CreatedAt: s.CreatedAt.UTC(), RefreshedAt: s.RefreshedAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
			RevokedAt: inUTC(s.RevokedAt), RevokedReason: s.RevokedReason,
		}
	}
	return out, nil
}

func endSessionsSpec() huma.Operation {
	return huma.Operation{
		OperationID: "end-sessions", Summary: "End a member's sessions", Tags: []string{"members"}, Security: needsToken(),
		Description:   "All of them, at once. A code that was not used yet is good no more. The member may sign in again with another one.",
		DefaultStatus: http.StatusNoContent,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) endSessions(ctx context.Context, in *IDPath) (*struct{}, error) {
	if err := a.opts.Members.EndSessions(ctx, workspaceOf(ctx), in.ID); err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "sessions ended", "member", in.ID, "by", subjectOf(ctx))
	return nil, nil
}
