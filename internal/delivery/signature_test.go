package delivery_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/delivery"
)

// GitHub documents this one for those who write their own.
// Source: docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation.
const (
	documentedSecret    = "It's a Secret to Everybody"
	documentedBody      = "Hello, World!"
	documentedSignature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	upper := "sha256=" + strings.ToUpper(strings.TrimPrefix(documentedSignature, "sha256="))
	for name, tt := range map[string]struct {
		secrets         []string
		signature, body string
		want            bool
	}{
		"GitHub's test vector":   {[]string{documentedSecret}, documentedSignature, documentedBody, true},
		"the secret before":      {[]string{"new", documentedSecret}, documentedSignature, documentedBody, true},
		"another secret":         {[]string{"new"}, documentedSignature, documentedBody, false},
		"another body":           {[]string{documentedSecret}, documentedSignature, "Hello, World", false},
		"no secret":              {nil, documentedSignature, documentedBody, false},
		"an empty secret":        {[]string{""}, delivery.Sign("", []byte(documentedBody)), documentedBody, false},
		"unsigned":               {[]string{documentedSecret}, "", documentedBody, false},
		"no digits":              {[]string{documentedSecret}, "sha256=", documentedBody, false},
		"the first half":         {[]string{documentedSecret}, documentedSignature[:39], documentedBody, false},
		"more than all":          {[]string{documentedSecret}, documentedSignature + "00", documentedBody, false},
		"no hexadecimal":         {[]string{documentedSecret}, "sha256=" + strings.Repeat("g", 64), documentedBody, false},
		"without the prefix":     {[]string{documentedSecret}, strings.TrimPrefix(documentedSignature, "sha256="), documentedBody, false},
		"the prefix of SHA-1":    {[]string{documentedSecret}, "sha1=" + strings.TrimPrefix(documentedSignature, "sha256="), documentedBody, false},
		"a space in front":       {[]string{documentedSecret}, " " + documentedSignature, documentedBody, false},
		"two signatures":         {[]string{documentedSecret}, documentedSignature + ", " + documentedSignature, documentedBody, false},
		"digits in capitals":     {[]string{documentedSecret}, upper, documentedBody, true},
		"an empty body":          {[]string{"s"}, delivery.Sign("s", nil), "", true},
		"a body that is no text": {[]string{"s"}, delivery.Sign("s", []byte{0, 0xff}), "\x00\xff", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, delivery.Verify(tt.secrets, tt.signature, []byte(tt.body)))
		})
	}
	require.Equal(t, documentedSignature, delivery.Sign(documentedSecret, []byte(documentedBody)))
}
