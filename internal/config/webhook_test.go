package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
)

func TestWebhookSecrets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  []string
		want []string
		err  string
	}{
		"none":         {nil, nil, ""},
		"one":          {[]string{"HOLDFAST_WEBHOOK_SECRET=a,b"}, []string{"a,b"}, ""},
		"in rotation":  {[]string{"HOLDFAST_WEBHOOK_SECRET=new", "HOLDFAST_WEBHOOK_SECRET_PREVIOUS=old"}, []string{"new", "old"}, ""},
		"only the old": {[]string{"HOLDFAST_WEBHOOK_SECRET_PREVIOUS=old"}, nil, "HOLDFAST_WEBHOOK_SECRET is not"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.LoadAPI(complete(tt.env...))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, c.Webhook.Secrets())
			require.Subset(t, config.Secrets(nil, c), tt.want)
		})
	}
}

func TestDeliverySettings(t *testing.T) {
	t.Parallel()
	c, err := config.LoadWorker(complete())
	require.NoError(t, err)
	require.Equal(t, 7*24*time.Hour, c.DeliveryRetention)
	for _, hook := range []string{"orgs/octo/hooks/1", "repos/octo/a.b_c/hooks/23"} {
		c, err := config.LoadWorker(complete("HOLDFAST_WEBHOOK_HOOK=" + hook))
		require.NoError(t, err)
		require.Equal(t, hook, c.WebhookHook)
	}
	for _, pair := range []string{
		"HOLDFAST_WEBHOOK_HOOK=/orgs/octo/hooks/1", "HOLDFAST_WEBHOOK_HOOK=orgs/octo/hooks/x", "HOLDFAST_WEBHOOK_HOOK=orgs/../hooks/1/2",
		"HOLDFAST_WEBHOOK_HOOK=https://api.github.com/orgs/octo/hooks/1", "HOLDFAST_DELIVERY_RETENTION=1m", "HOLDFAST_DELIVERY_RETENTION=-1h",
	} {
		_, err := config.LoadWorker(complete(pair))
		require.Error(t, err, pair)
		name, _, _ := strings.Cut(pair, "=")
		require.ErrorContains(t, err, name)
	}
}
