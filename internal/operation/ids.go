package operation

import "context"

// IDs name what a context's work is for. Logs, traces and reports of errors carry
// them; each may be empty.
type IDs struct {
	Request   string // of the API
	Workspace string
	Operation string
}

// idsKey is the context's key of the ids.
type idsKey struct{}

// WithIDs notes what the work with ctx is for. Whoever learns more may set it in ids
// as long as nobody else uses the context yet.
func WithIDs(ctx context.Context, ids *IDs) context.Context {
	return context.WithValue(ctx, idsKey{}, ids)
}

// IDsOf is what the work with ctx is for.
func IDsOf(ctx context.Context) IDs {
	if ids, ok := ctx.Value(idsKey{}).(*IDs); ok {
		return *ids
	}
	return IDs{}
}
