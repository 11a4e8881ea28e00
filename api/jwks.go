package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
)

type jwksOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Keys []auth.JWK `json:"keys" nullable:"false"`
	}
}

func jwksSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-jwks", Summary: "List the public keys of tokens", Tags: []string{"keys"},
		Description: "As a JWK Set (RFC 7517), for those who verify this server's tokens themselves. While a key is exchanged both are there.",
	}
}

func (a *API) jwks(context.Context, *struct{}) (*jwksOutput, error) {
	out := &jwksOutput{CacheControl: "public, max-age=300"}
	out.Body.Keys = a.opts.Verifier.JWKs()
	return out, nil
}
