package delivery_test

import (
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
)

// Only what was signed with a secret is taken for signed.
func FuzzVerify(f *testing.F) {
	f.Add(documentedSecret, documentedSignature, []byte(documentedBody))
	f.Add("", "sha256=", []byte{})
	f.Add("s", "sha256="+strings.Repeat("0", 64), []byte("{}"))
	f.Fuzz(func(t *testing.T, secret, header string, body []byte) {
		signed := delivery.Sign(secret, body)
		require.Equal(t, secret != "", delivery.Verify([]string{secret}, signed, body))
		require.Equal(t, secret != "" && strings.EqualFold(header, signed) && strings.HasPrefix(header, "sha256="),
			delivery.Verify([]string{"other" + secret, secret}, header, body) && header != delivery.Sign("other"+secret, body))
		require.False(t, delivery.Verify([]string{secret}, signed, append(body, 0)))
	})
}

// Whatever is signed is refused as unreadable, or kept as what Postgres can hold.
func FuzzReceive(f *testing.F) {
	f.Add("issues", "application/json", labeled)
	f.Add("push", "application/x-www-form-urlencoded", "payload=%7B%7D")
	f.Add("issues", "application/json", `{"action":"\u0000","repository":{"id":1e400,"full_name":"\ud800"}}`)
	f.Add("", "text/plain", "[]")
	registry := collection.NewRegistry()
	f.Fuzz(func(t *testing.T, event, contentType, payload string) {
		keeper := &keeper{state: delivery.StatePending}
		r := &delivery.Receiver{
			Directory: delivery.Fixed{{Name: "default", WorkspaceID: "w", Secrets: []string{"s3cret"}}}, Collections: registry, Keeper: keeper,
			Announce: func(delivery.Repository) {}, Logger: slog.New(slog.DiscardHandler),
		}
		in := request(event, payload)
		in.ContentType = contentType
		if _, err := r.Receive(t.Context(), in); err != nil {
			require.Contains(t, []operation.Code{operation.CodeInvalid}, operation.CodeOf(err))
			require.Empty(t, keeper.kept)
			return
		}
		for _, d := range keeper.kept {
			texts := []string{d.Event, d.Action, d.Repository, d.Organization}
			for _, item := range d.Items {
				texts = append(texts, item.Collection, item.Key)
			}
			for _, text := range texts {
				require.True(t, utf8.ValidString(text) && !strings.ContainsRune(text, 0), "%q", text)
			}
		}
	})
}
