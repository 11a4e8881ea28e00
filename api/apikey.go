package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// longestKeyLife bounds how far ahead a key may expire.
const longestKeyLife = 10 * 365 * 24 * time.Hour

// Key is a key of this API. What it is made of is shown once, when it is made.
type Key struct {
	ID           string     `json:"id" format:"uuid"`
	Name         string     `json:"name" example:"nightly-report"`
	Hint         string     `json:"hint" example:"hf_0V3xQa9T" doc:"How it begins."`
	Role         auth.Role  `json:"role" enum:"reader,operator,admin" doc:"What it may do."`
	Repositories []string   `json:"repositories" nullable:"false" example:"[\"octo-corp/*\"]" doc:"What it may see, as patterns owner/name; empty: all of the workspace."`
	CreatedBy    string     `json:"created_by" example:"ada" doc:"The subject of the token or key that made it."`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"Absent: never."`
	LastUsedAt   *time.Time `json:"last_used_at,omitempty" doc:"To about a minute; absent: never."`
	RevokedAt    *time.Time `json:"revoked_at,omitempty" doc:"Absent where it was not."`
	RevokedBy    string     `json:"revoked_by,omitempty" doc:"The subject of the token or key that revoked it."`
}

func fromKey(k operation.APIKey) Key {
	return Key{
		ID: k.ID, Name: k.Name, Hint: k.Hint, Role: auth.Role(k.Role), Repositories: append([]string{}, k.Repositories...),
		CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC(), ExpiresAt: inUTC(k.ExpiresAt), LastUsedAt: inUTC(k.LastUsedAt),
		RevokedAt: inUTC(k.RevokedAt), RevokedBy: k.RevokedBy,
	}
}

type keysOutput struct {
	Body struct {
		Keys []Key `json:"keys" nullable:"false" doc:"By name; those that were revoked last."`
	}
}

func listKeysSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-keys", Summary: "List the keys of this API", Tags: []string{"keys"}, Security: needsToken(),
		Description: "All of the workspace, revoked ones included.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) listKeys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	list, err := a.opts.Keys.APIKeys(ctx, workspaceOf(ctx))
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &keysOutput{}
	out.Body.Keys = make([]Key, len(list))
	for i, k := range list {
		out.Body.Keys[i] = fromKey(k)
	}
	return out, nil
}

// keyRequest is the body of POST /v1/keys.
type keyRequest struct {
	Name         string     `json:"name" minLength:"1" maxLength:"63" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" patternDescription:"lower-case letters, digits and inner hyphens" example:"nightly-report" doc:"Yours to choose, once in the workspace. It is free again once the key is revoked."`
	Role         auth.Role  `json:"role" enum:"reader,operator,admin" example:"reader" doc:"What it may do."`
	Repositories []string   `json:"repositories,omitempty" maxItems:"100" nullable:"false" example:"[\"octo-corp/*\"]" doc:"What it may see, as patterns owner/name in which * stands for any characters. Leave it out for all of the workspace."`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"When it stops being accepted: within ten years. Leave it out for never."`
}

type createKeyInput struct {
	RawBody []byte
	Body    keyRequest
}

// CreatedKey is a new key with what it is made of.
type CreatedKey struct {
	Key
	Secret string `json:"secret" example:"hf_…" doc:"The key itself: send it as Authorization: Bearer. It is shown this once."`
}

type createKeyOutput struct {
	Location string `header:"Location" doc:"Where the key's settings are found."`
	Body     CreatedKey
}

func createKeySpec() huma.Operation {
	return huma.Operation{
		OperationID: "create-key", Summary: "Make a key of this API", Tags: []string{"keys"}, Security: needsToken(),
		Description:   "For programs. The key is shown once; only its hash is kept. A key that is limited to repositories sees those, their changes and their operations, and nothing that is about the whole workspace.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusServiceUnavailable},
	}
}

func (a *API) createKey(ctx context.Context, in *createKeyInput) (*createKeyOutput, error) {
	if fields := a.keyRequestFields(in); len(fields) > 0 {
		return nil, invalid(ctx, fields...)
	}
	key := auth.NewAPIKey()
	made, err := a.opts.Keys.CreateAPIKey(ctx, operation.NewAPIKey{
		ID: a.opts.NewID(), WorkspaceID: workspaceOf(ctx), Name: in.Body.Name, Hash: key.Hash[:], Hint: key.Hint, Role: string(in.Body.Role),
		Repositories: in.Body.Repositories, CreatedBy: subjectOf(ctx), ExpiresAt: inUTC(in.Body.ExpiresAt),
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "key created", "key", made.ID, "name", made.Name, "role", made.Role, "by", subjectOf(ctx))
	showsSecret(ctx)
	return &createKeyOutput{Location: "/v1/keys/" + made.ID, Body: CreatedKey{Key: fromKey(made), Secret: key.Reveal()}}, nil
}

func (a *API) keyRequestFields(in *createKeyInput) []Field {
	fields := repositoryFields(in.Body.Repositories)
	if at := in.Body.ExpiresAt; at != nil {
		switch left := at.Sub(a.opts.Now()); {
		case left <= 0:
			fields = append(fields, Field{Location: "body.expires_at", Message: "has passed"})
		case left > longestKeyLife:
			fields = append(fields, Field{Location: "body.expires_at", Message: fmt.Sprintf("is more than %d days ahead", int(longestKeyLife.Hours()/24))})
		}
	}
	return fields
}

// Resolve refuses null where a value is expected: it does not say whether all or none is meant.
func (in *createKeyInput) Resolve(huma.Context) []error { return nullErrors(in.RawBody) }

var _ huma.Resolver = (*createKeyInput)(nil)

type keyOutput struct{ Body Key }

func getKeySpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-key", Summary: "Read a key's settings and use", Tags: []string{"keys"}, Security: needsToken(),
		Description: "What it may do, when it ends and when it was last used, to about a minute. The key itself is shown once only, where it is made.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) getKey(ctx context.Context, in *IDPath) (*keyOutput, error) {
	k, err := a.opts.Keys.APIKey(ctx, workspaceOf(ctx), in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &keyOutput{Body: fromKey(k)}, nil
}

func revokeKeySpec() huma.Operation {
	return huma.Operation{
		OperationID: "revoke-key", Summary: "Revoke a key", Tags: []string{"keys"}, Security: needsToken(),
		Description:   "It is refused from now on; streams that it opened end within a heartbeat. Revoking again changes nothing. The key stays in the list.",
		DefaultStatus: http.StatusNoContent,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) revokeKey(ctx context.Context, in *IDPath) (*struct{}, error) {
	k, err := a.opts.Keys.RevokeAPIKey(ctx, workspaceOf(ctx), in.ID, subjectOf(ctx))
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "key revoked", "key", k.ID, "name", k.Name, "by", k.RevokedBy)
	return nil, nil
}
