package api_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// Members who are there from the beginning.
const (
	graceID       = "0190a6c8-0000-7000-8000-00000000cccc"
	spareMemberID = "0190a6c8-0000-7000-8000-00000000eeee"
	loneMemberID  = "0190a6c8-0000-7000-8000-00000000abcd"
)

// A code and a refresh token of hers that are good.
var standing, standingRefresh = auth.NewInvitation(), auth.NewRefreshToken()

// session is a sign-in.
type session struct {
	id, member, workspace string
	expires               time.Time
	ended                 bool
}

// refresh is a refresh token.
type refresh struct {
	session string
	used    bool
}

// people are members and their sessions.
type people struct {
	members  []operation.Member
	codes    map[string]operation.Invitation // by hash
	sessions []*session
	others   []operation.Workspace
	refresh  map[string]*refresh // by hash
}

func somePeople() people {
	return people{
		members: []operation.Member{
			{ID: graceID, WorkspaceID: workspace, Login: "grace", Role: "operator", CreatedBy: "ada", CreatedAt: start, UpdatedAt: start},
			{ID: spareMemberID, WorkspaceID: workspace, Login: "spare", Role: "reader", CreatedBy: "ada", CreatedAt: start, UpdatedAt: start},
			{ID: loneMemberID, WorkspaceID: workspace, Login: "lone", Role: "reader", CreatedBy: "ada", CreatedAt: start, UpdatedAt: start},
		},
		codes:    map[string]operation.Invitation{string(standing.Hash[:]): {WorkspaceID: workspace, MemberID: graceID, ValidFor: time.Hour}},
		sessions: []*session{{id: "0190a6c8-0000-7000-8000-00000000dddd", member: graceID, workspace: workspace, expires: start.Add(time.Hour)}},
		refresh:  map[string]*refresh{string(standingRefresh.Hash[:]): {session: "0190a6c8-0000-7000-8000-00000000dddd"}},
	}
}

func (s *store) AddMember(_ context.Context, n operation.NewMember) (operation.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return operation.Member{}, s.err
	}
	if slices.ContainsFunc(s.people.members, func(m operation.Member) bool {
		return strings.EqualFold(m.Login, n.Login) && m.WorkspaceID == n.WorkspaceID
	}) {
		return operation.Member{}, operation.Conflict("The workspace has a member of this login.")
	}
	m := operation.Member{
		ID: n.ID, WorkspaceID: n.WorkspaceID, Login: n.Login, Name: n.Name, Email: n.Email, Role: n.Role, Repositories: n.Repositories,
		CreatedBy: n.CreatedBy, CreatedAt: start, UpdatedAt: start,
	}
	s.people.members = append(s.people.members, m)
	return m, nil
}

// memberAt is the place of a member. The lock is held.
func (s *store) memberAt(workspaceID, id string) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	i := slices.IndexFunc(s.people.members, func(m operation.Member) bool { return m.ID == id && m.WorkspaceID == workspaceID })
	if i < 0 {
		return 0, operation.NotFound("There is no such member.")
	}
	return i, nil
}

func (s *store) Member(_ context.Context, workspaceID, id string) (operation.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.memberAt(workspaceID, id)
	if err != nil {
		return operation.Member{}, err
	}
	return s.people.members[i], nil
}

func (s *store) InviteMember(_ context.Context, n operation.Invitation) (operation.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.memberAt(n.WorkspaceID, n.MemberID)
	if err != nil {
		return operation.Member{}, err
	}
	s.people.codes[string(n.Hash)] = n
	return s.people.members[i], nil
}

// exchange is what is told of a session. The lock is held.
func (s *store) exchange(of *session) operation.Exchange {
	i, err := s.memberAt(of.workspace, of.member)
	if err != nil {
		return operation.Exchange{}
	}
	m := s.people.members[i]
	return operation.Exchange{
		WorkspaceID: of.workspace, UserID: of.member, SessionID: of.id, Login: m.Login, Role: m.Role, ExpiresAt: of.expires,
		Disabled: m.DisabledAt != nil, Revoked: of.ended,
	}
}

func (s *store) AcceptInvitation(_ context.Context, hash []byte, sessionID string, next []byte) (operation.Exchange, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, ok := s.people.codes[string(hash)]
	if s.err != nil || !ok {
		return operation.Exchange{}, false, s.err
	}
	delete(s.people.codes, string(hash))
	begun := &session{id: sessionID, member: code.MemberID, workspace: code.WorkspaceID, expires: start.Add(30 * 24 * time.Hour)}
	e := s.exchange(begun)
	if e.Expired = code.ValidFor < time.Minute; !e.Refused() {
		s.people.sessions = append(s.people.sessions, begun)
		s.people.refresh[string(next)] = &refresh{session: sessionID}
	}
	return e, true, nil
}

// sessionAt is a session. The lock is held.
func (s *store) sessionAt(id string) *session {
	return s.people.sessions[slices.IndexFunc(s.people.sessions, func(of *session) bool { return of.id == id })]
}

func (s *store) RefreshSession(_ context.Context, hash, next []byte) (operation.Exchange, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, ok := s.people.refresh[string(hash)]
	if s.err != nil || !ok {
		return operation.Exchange{}, false, s.err
	}
	of := s.sessionAt(token.session)
	e := s.exchange(of)
	e.Reused, token.used = token.used, true
	e.Ended = e.Reused && !of.ended
	of.ended = of.ended || e.Reused
	if !e.Refused() {
		s.people.refresh[string(next)] = &refresh{session: of.id}
	}
	return e, true, nil
}

func (s *store) EndSession(_ context.Context, hash []byte) (operation.Exchange, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, ok := s.people.refresh[string(hash)]
	if s.err != nil || !ok {
		return operation.Exchange{}, false, s.err
	}
	of := s.sessionAt(token.session)
	e := s.exchange(of)
	of.ended = true
	return e, !e.Revoked, nil
}

func (s *store) FindSession(_ context.Context, workspaceID, id string) (operation.KnownSession, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.people.sessions, func(of *session) bool { return of.id == id && of.workspace == workspaceID })
	if s.err != nil || at < 0 {
		return operation.KnownSession{}, false, s.err
	}
	of := s.people.sessions[at]
	i, err := s.memberAt(workspaceID, of.member)
	if err != nil {
		return operation.KnownSession{}, false, nil
	}
	m := s.people.members[i]
	return operation.KnownSession{Login: m.Login, Role: m.Role, Repositories: m.Repositories, ExpiresAt: of.expires, Ended: of.ended}, true, nil
}

func (s *store) SignIn(_ context.Context, person operation.Person, workspaceID, sessionID string, next []byte) (operation.Exchange, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.people.members, func(m operation.Member) bool {
		return strings.EqualFold(m.Login, person.Login) && (workspaceID == "" || m.WorkspaceID == workspaceID)
	})
	if s.err != nil || i < 0 {
		return operation.Exchange{}, false, s.err
	}
	m := s.people.members[i]
	begun := &session{id: sessionID, member: m.ID, workspace: m.WorkspaceID, expires: start.Add(30 * 24 * time.Hour)}
	e := s.exchange(begun)
	if !e.Refused() {
		s.people.sessions = append(s.people.sessions, begun)
		s.people.refresh[string(next)] = &refresh{session: sessionID}
	}
	return e, true, nil
}

// gitHub is where people sign in: whoever has the state "good" is grace.
type gitHub struct {
	person operation.Person
	err    error
}

func (g gitHub) Begin(_ context.Context, workspace, login string) (address, cookie string, err error) {
	return "https://github.test/login/oauth/authorize?state=good&login=" + login + workspace, "c00kie", g.err
}

func (g gitHub) Finish(_ context.Context, state, cookie, code string) (operation.Person, string, error) {
	if g.err != nil || state != "good" || cookie != "c00kie" || code == "" {
		err := g.err
		if err == nil {
			err = &operation.Error{Code: operation.CodeUnauthorized, Message: "This sign-in has ended."}
		}
		return operation.Person{}, "", err
	}
	return g.person, "", nil
}
