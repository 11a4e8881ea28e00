package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// problemPath is where kinds of problems are described: a problem's type is this and its
// code, which RFC 9457 section 3.1.1 wants to be found where it leads. It begins with
// a slash, as that section recommends for references that name no host.
const problemPath = "/problems/"

// ProblemKind is a kind of problem, as clients tell them apart.
type ProblemKind struct {
	Code     string `json:"code" example:"not_found" doc:"As in the problem document."`
	Statuses []int  `json:"statuses" nullable:"false" example:"[404]" doc:"The HTTP statuses that it comes with."`
	Meaning  string `json:"meaning" example:"There is no such thing in the token's workspace, or no such path." doc:"What it says."`
	Remedy   string `json:"remedy" example:"Look for it in a list." doc:"What to do about it."`
}

// problemKinds is every kind of problem that the API answers with, by status. docs/problems.md
// has the same table; a test compares it with this one, and this one with the code.
var problemKinds = []ProblemKind{
	{
		"invalid",
		[]int{http.StatusBadRequest, http.StatusUnprocessableEntity},
		"The request cannot be read (400), or a value in it is not acceptable (422); `errors` says where and why.",
		"Change the request; sending it again as it is will not help.",
	},
	{
		"unauthorized",
		[]int{http.StatusUnauthorized},
		"No key or token came with the request, or one that is not accepted; `detail` says why. For a webhook: its signature is not accepted.",
		"Send `Authorization: Bearer` with a key or token that is good; get a new one where it has expired.",
	},
	{
		"session_ended",
		[]int{http.StatusUnauthorized},
		"The session of the token was ended, has expired, or is of a person who is no member any more.",
		"Sign in again.",
	},
	{
		"refresh_reused",
		[]int{http.StatusUnauthorized},
		"The refresh token was used before: it may have been stolen, so its session was ended.",
		"Sign in again; tell an administrator if nobody but you should have it.",
	},
	{
		"forbidden",
		[]int{http.StatusForbidden},
		"Who asks is known and may not do this: the role does not suffice, the key is limited to other repositories, or the workspace does not exist.",
		"Ask an administrator for a key with the role that `detail` names.",
	},
	{
		"forbidden_origin",
		[]int{http.StatusForbidden},
		"A page of another origin tried to open a stream (`HOLDFAST_STREAM_ORIGINS`), or asked what its origin may not (`HOLDFAST_CORS_ORIGINS`).",
		"Ask from a page of the API's own origin or from a program, or have an operator name the origin.",
	},
	{
		"not_found",
		[]int{http.StatusNotFound},
		"There is no such thing in the token's workspace, the key may not see it, or there is no such path.",
		"Look for it in the list it should be in.",
	},
	{
		"method_not_allowed",
		[]int{http.StatusMethodNotAllowed},
		"The path does not take this method.",
		"Use one that the `Allow` header names.",
	},
	{
		"timeout",
		[]int{http.StatusRequestTimeout},
		"The body did not arrive in time.",
		"Send the request again.",
	},
	{
		"conflict",
		[]int{http.StatusConflict},
		"The state of the thing does not allow it, its name is taken, or the same request is being answered right now.",
		"Read the thing; send the request again only if its state allows it by then.",
	},
	{
		"secret_shown",
		[]int{http.StatusConflict},
		"A request with this `Idempotency-Key` was carried out, and its answer showed a secret, which is kept nowhere.",
		"If the secret did not arrive, remove what `Location` names and make another with a new key.",
	},
	{
		"gone",
		[]int{http.StatusGone},
		"It was here and is not kept any more: changes older than the retention, or content that was purged.",
		"Begin anew: read the feed without a cursor, or the thing as it is.",
	},
	{
		"changed",
		[]int{http.StatusPreconditionFailed},
		"The thing is not any more what `If-Match` names.",
		"Read it again, and decide again.",
	},
	{
		"body_too_large",
		[]int{http.StatusRequestEntityTooLarge},
		"The body is larger than is accepted.",
		"Send less at once.",
	},
	{
		"unsupported_media_type",
		[]int{http.StatusUnsupportedMediaType},
		"The body is declared as something else than JSON in UTF-8, or as compressed.",
		"Send `Content-Type: application/json`, and no `Content-Encoding`.",
	},
	{
		"idempotency_mismatch",
		[]int{http.StatusUnprocessableEntity},
		"The `Idempotency-Key` was used with another request.",
		"Use a new key for a new request.",
	},
	{
		"credential_refused",
		[]int{http.StatusUnprocessableEntity},
		"GitHub does not accept the credential, so it was not kept.",
		"Make another with what `errors` says is missing.",
	},
	{
		"upgrade_required",
		[]int{http.StatusUpgradeRequired},
		"A stream was asked for with a plain request.",
		"Open it as a WebSocket.",
	},
	{
		"upgrade_refused",
		[]int{http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusUpgradeRequired},
		"The WebSocket handshake is not acceptable.",
		"Speak RFC 6455, version 13, over HTTP/1.1.",
	},
	{
		"too_many_requests",
		[]int{http.StatusTooManyRequests},
		"The key or the token's subject has made as many requests as it may.",
		"Wait for the seconds that `Retry-After` says.",
	},
	{
		"too_many_streams",
		[]int{http.StatusTooManyRequests, http.StatusServiceUnavailable},
		"As many streams are open as may be: of this subject (429), or of all (503).",
		"Close some, or wait for the seconds that `Retry-After` says.",
	},
	{
		"internal",
		[]int{http.StatusInternalServerError},
		"Something went wrong on the server's side; its log has the cause under `request_id`.",
		"Send the request again, with its `Idempotency-Key` if it changes something; tell an operator the `request_id` if it goes on.",
	},
	{
		"unavailable",
		[]int{http.StatusServiceUnavailable},
		"A service behind the API cannot be reached right now, or the server is shutting down.",
		"Send the request again after the seconds that `Retry-After` says.",
	},
}

// ProblemKinds is every kind of problem that the API answers with.
func ProblemKinds() []ProblemKind { return slices.Clone(problemKinds) }

// problemTypes are the types of problems by their codes.
var problemTypes = func() map[string]string {
	types := make(map[string]string, len(problemKinds))
	for _, kind := range problemKinds {
		types[kind.Code] = problemPath + kind.Code
	}
	return types
}()

// typeOf is the type of problems with a code.
func typeOf(code string) string {
	if uri, ok := problemTypes[code]; ok {
		return uri
	}
	return "about:blank"
}

type problemKindInput struct {
	Code string `path:"code" maxLength:"100" example:"not_found" doc:"A problem's code: the last part of its type."`
}

type problemKindOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         ProblemKind
}

func problemKindSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-problem-kind", Summary: "Explain a kind of problem", Tags: []string{"service"},
		Description: "Where the `type` of problem documents leads.",
		Errors:      []int{http.StatusNotFound},
	}
}

func (a *API) problemKind(ctx context.Context, in *problemKindInput) (*problemKindOutput, error) {
	for _, kind := range problemKinds {
		if kind.Code == in.Code {
			return &problemKindOutput{CacheControl: "public, max-age=3600", Body: kind}, nil
		}
	}
	return nil, newProblem(ctx, http.StatusNotFound, "not_found", "There is no such kind of problem.")
}
