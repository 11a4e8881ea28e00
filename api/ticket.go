package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// Tickets are exchanged for tokens; *progress.Tickets does.
type Tickets interface {
	// Issue makes a ticket for a token.
	Issue(ctx context.Context, token string) (string, error)
	// Redeem exchanges it, once. progress.ErrTicket for what is none, or none any more.
	Redeem(ctx context.Context, ticket string) (string, error)
}

// ticketQuery is the one parameter in which a secret is taken from the URL: it is good once.
const ticketQuery = "ticket"

type issueTicketOutput struct {
	Body struct {
		Ticket    string `json:"ticket" doc:"Open GET /v1/stream?ticket= with it, once." example:"hft_Zm9yIG9uZSBzdHJlYW0sIG9uY2UsIGFuZCBmb3IgMzBz"`
		ExpiresIn int    `json:"expires_in" doc:"Seconds for which it is good." example:"30"`
	}
}

func issueTicketSpec() huma.Operation {
	return huma.Operation{
		OperationID: "issue-stream-ticket", Summary: "Get a ticket for a stream", Tags: []string{"operations"}, Security: needsToken(),
		Description: "Exchanges the token for a ticket that opens one stream within 30 seconds: a browser's WebSocket and EventSource can send no Authorization header, " +
			"and a token does not belong in a URL. The stream has the rights of the token, and ends with them.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}
}

func (a *API) issueTicket(ctx context.Context, _ *struct{}) (*issueTicketOutput, error) {
	r := requestOf(ctx)
	if r == nil {
		return nil, a.fail(ctx, errors.New("a ticket was asked for outside of a request"))
	}
	made, err := a.opts.Tickets.Issue(ctx, r.shown)
	if err != nil {
		return nil, a.fail(ctx, ticketsAway(err))
	}
	out := &issueTicketOutput{}
	out.Body.Ticket, out.Body.ExpiresIn = made, int(progress.TicketLifetime.Seconds())
	return out, nil
}

func ticketsAway(err error) error {
	return &operation.Error{Code: operation.CodeUnavailable, Message: "Tickets can neither be made nor taken now. Try again in a moment, or send the token in the Authorization header.", Err: err}
}

// admitTicket lets a request with a ticket be one with the token that it stands for.
func (a *API) admitTicket(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		query := r.URL.Query()
		shown := query.Get(ticketQuery)
		if shown == "" {
			next.ServeHTTP(w, r)
			return
		}
		if len(r.Header.Values("Authorization")) > 0 {
			invalid(ctx, Field{Location: "query." + ticketQuery, Message: "is sent together with an Authorization header: send one of them"}).write(w)
			return
		}
		token, err := a.opts.Tickets.Redeem(ctx, shown)
		if errors.Is(err, progress.ErrTicket) {
			unauthorized(ctx, "There is no such ticket: it is good once, and for 30 seconds. Get a new one.", "invalid_token").write(w)
			return
		}
		if err != nil {
			a.fail(ctx, ticketsAway(err)).write(w)
			return
		}
		query.Del(ticketQuery)
		admitted := r.Clone(ctx)
		admitted.URL.RawQuery, admitted.RequestURI = query.Encode(), ""
		admitted.Header.Set("Authorization", "Bearer "+token)
		next.ServeHTTP(w, admitted)
	})
}
