package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// invitationTime is for how long an invitation's code is good.
const invitationTime = 24 * time.Hour

// MemberStore keeps whom workspaces let in.
type MemberStore interface {
	// AddMember has a workspace let a person in. CodeConflict: it does already, or lets in
	// as many as it may.
	AddMember(ctx context.Context, n operation.NewMember) (operation.Member, error)
	// Member is one member. CodeNotFound.
	Member(ctx context.Context, workspaceID, id string) (operation.Member, error)
	// Members lists a workspace's members by login.
	Members(ctx context.Context, workspaceID string) ([]operation.Member, error)
	// ChangeMember changes what a workspace lets a person do. CodeNotFound; CodeChanged;
	// CodeConflict where nobody else could let people in.
	ChangeMember(ctx context.Context, workspaceID, id string, c operation.MemberChange) (operation.Member, error)
	// RemoveMember has a workspace let a person in no more. CodeNotFound; CodeConflict
	// where nobody else could let people in.
	RemoveMember(ctx context.Context, workspaceID, id string) (operation.Member, error)
	// MemberSessions lists a member's sessions, the newest first. CodeNotFound.
	MemberSessions(ctx context.Context, workspaceID, id string) ([]operation.Session, error)
	// EndSessions ends a member's sessions, and has their code be good no more. CodeNotFound.
	EndSessions(ctx context.Context, workspaceID, id string) error
	// InviteMember keeps the hash of a member's code in the place of an earlier one.
	// CodeNotFound.
	InviteMember(ctx context.Context, n operation.Invitation) (operation.Member, error)
}

// Member is a person whom the workspace lets in.
type Member struct {
	ID           string     `json:"id" format:"uuid"`
	Login        string     `json:"login" example:"ada" doc:"The subject of the person's tokens."`
	Name         string     `json:"name,omitempty" example:"Ada Lovelace"`
	Email        string     `json:"email,omitempty" example:"ada@example.com"`
	Role         auth.Role  `json:"role" enum:"reader,operator,admin" doc:"What the person may do."`
	Repositories []string   `json:"repositories" nullable:"false" example:"[\"octo-corp/*\"]" doc:"What the person may see, as patterns owner/name; empty: all of the workspace."`
	GitHubID     *int64     `json:"github_id,omitempty" example:"583231" doc:"The number of the GitHub account that signs in as this person; absent: none has yet."`
	DisabledAt   *time.Time `json:"disabled_at,omitempty" doc:"Since when no workspace lets the person in; absent: it may."`
	CreatedBy    string     `json:"created_by" example:"grace" doc:"The subject of the token or key that added the member."`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
}

func fromMember(m operation.Member) Member {
	return Member{
		ID: m.ID, Login: m.Login, Name: m.Name, Email: m.Email, Role: auth.Role(m.Role), Repositories: append([]string{}, m.Repositories...),
		GitHubID: m.GitHubID, DisabledAt: inUTC(m.DisabledAt), CreatedBy: m.CreatedBy, CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC(),
	}
}

// memberRequest is the body of POST /v1/members.
type memberRequest struct {
	Login        string    `json:"login" minLength:"1" maxLength:"100" pattern:"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$" patternDescription:"letters, digits, and inner hyphens, dots and underscores" example:"ada" doc:"Whom to let in. Where people sign in with GitHub it is their login there."`
	Name         string    `json:"name,omitempty" maxLength:"255" example:"Ada Lovelace"`
	Email        string    `json:"email,omitempty" format:"email" maxLength:"255" example:"ada@example.com"`
	Role         auth.Role `json:"role" enum:"reader,operator,admin" example:"operator" doc:"What the person may do."`
	Repositories []string  `json:"repositories,omitempty" maxItems:"100" nullable:"false" example:"[\"octo-corp/*\"]" doc:"What the person may see, as patterns owner/name in which * stands for any characters. Leave it out for all of the workspace."`
}

type addMemberInput struct {
	RawBody []byte
	Body    memberRequest
}

// Resolve refuses null where a value is expected: it does not say whether all or none is meant.
func (in *addMemberInput) Resolve(huma.Context) []error { return nullErrors(in.RawBody) }

var _ huma.Resolver = (*addMemberInput)(nil)

type addMemberOutput struct {
	Location string `header:"Location" doc:"Where the member is found."`
	ETag     string `header:"ETag" doc:"For If-Match of a change."`
	Body     Member
}

func addMemberSpec() huma.Operation {
	return huma.Operation{
		OperationID: "add-member", Summary: "Let a person in", Tags: []string{"members"}, Security: needsToken(),
		Description:   "Into this workspace, with a role. The person signs in with an invitation, or with GitHub where that is set up. A login that another workspace has added stands for the same person.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusServiceUnavailable},
	}
}

func (a *API) addMember(ctx context.Context, in *addMemberInput) (*addMemberOutput, error) {
	if fields := repositoryFields(in.Body.Repositories); len(fields) > 0 {
		return nil, invalid(ctx, fields...)
	}
	added, err := a.opts.Members.AddMember(ctx, operation.NewMember{
		ID: a.opts.NewID(), WorkspaceID: workspaceOf(ctx), Login: in.Body.Login, Name: in.Body.Name, Email: in.Body.Email,
		Role: string(in.Body.Role), Repositories: in.Body.Repositories, CreatedBy: subjectOf(ctx),
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "member added", "member", added.ID, "login", added.Login, "role", added.Role, "by", subjectOf(ctx))
	out := &addMemberOutput{Location: "/v1/members/" + added.ID, Body: fromMember(added)}
	out.ETag = tagOf(out.Body)
	return out, nil
}

type memberOutput struct {
	ETag string `header:"ETag" doc:"For If-Match of a change."`
	Body Member
}

func getMemberSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-member", Summary: "Read a member", Tags: []string{"members"}, Security: needsToken(),
		Description: "Of this workspace; what other workspaces let the person do is not shown.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) getMember(ctx context.Context, in *IDPath) (*memberOutput, error) {
	m, err := a.opts.Members.Member(ctx, workspaceOf(ctx), in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return describeMember(m), nil
}

// describeMember is an answer with one member.
func describeMember(m operation.Member) *memberOutput {
	out := &memberOutput{Body: fromMember(m)}
	out.ETag = tagOf(out.Body)
	return out
}

// Invitation is a code by which a member signs in.
type Invitation struct {
	Member    Member    `json:"member"`
	Code      string    `json:"code" example:"hfi_…" doc:"Exchange it at /v1/token. It is shown this once."`
	ExpiresAt time.Time `json:"expires_at"`
}

type inviteOutput struct {
	Location string `header:"Location" doc:"Where the member is found."`
	Body     Invitation
}

func inviteMemberSpec() huma.Operation {
	return huma.Operation{
		OperationID: "invite-member", Summary: "Make a code by which a member signs in", Tags: []string{"members"}, Security: needsToken(),
		Description:   "Good once, for a day. It is shown once; only its hash is kept. An earlier code of the same member is good no more.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) inviteMember(ctx context.Context, in *IDPath) (*inviteOutput, error) {
	if a.opts.Issuer == nil {
		return nil, noSessions(ctx)
	}
	code := auth.NewInvitation()
	m, err := a.opts.Members.InviteMember(ctx, operation.Invitation{
		WorkspaceID: workspaceOf(ctx), MemberID: in.ID, Hash: code.Hash[:], CreatedBy: subjectOf(ctx), ValidFor: invitationTime,
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "member invited", "member", m.ID, "login", m.Login, "by", subjectOf(ctx))
	showsSecret(ctx)
	return &inviteOutput{Location: "/v1/members/" + m.ID, Body: a.invitation(m, code)}, nil
}

func (a *API) invitation(m operation.Member, code auth.Code) Invitation {
	return Invitation{Member: fromMember(m), Code: code.Reveal(), ExpiresAt: a.opts.Now().Add(invitationTime).UTC().Truncate(time.Second)}
}
