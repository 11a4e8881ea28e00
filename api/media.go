package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// takesBody tells whether an operation's input has a body.
func takesBody(input reflect.Type) bool {
	_, typed := input.FieldByName("Body")
	_, raw := input.FieldByName("RawBody")
	return typed || raw
}

// jsonBody lets through what is declared as JSON, or not at all, in whatever way RFC
// 9110 lets one write it; huma compares the media type as it stands, and takes no
// notice of how the body is encoded.
func jsonBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	problem := undeclared(r.Context(), r.Header)
	if most := ctx.Operation().MaxBodyBytes; problem == nil && r.ContentLength > most {
		problem = tooLarge(r.Context(), most) // before the client was told to go on and send it
	}
	if problem != nil {
		problem.write(w)
		return
	}
	if r.Header.Get("Content-Type") != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	next(ctx)
}

// tooLarge refuses a body of more than so many bytes.
func tooLarge(ctx context.Context, most int64) *Problem {
	return newProblem(ctx, http.StatusRequestEntityTooLarge, "body_too_large",
		fmt.Sprintf("The body is larger than the %d KiB that are accepted.", most>>10))
}

// undeclared says what the headers declare that the body may not be.
func undeclared(ctx context.Context, h http.Header) *Problem {
	for _, coding := range strings.Split(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return newProblem(ctx, http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must not be compressed: leave Content-Encoding out.").
				with("Accept-Encoding", "identity")
		}
	}
	declared := h.Values("Content-Type")
	if len(declared) == 0 || len(declared) == 1 && declared[0] == "" {
		return nil
	}
	kind, params, err := mime.ParseMediaType(declared[0])
	charset, named := params["charset"]
	if err != nil || len(declared) > 1 || kind != "application/json" || named && !strings.EqualFold(charset, "utf-8") {
		return newProblem(ctx, http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be JSON in UTF-8: send Content-Type: application/json, once.")
	}
	return nil
}
