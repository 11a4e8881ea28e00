package config

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// DefaultConnection is the one connection that there is: to GitHub with GITHUB_TOKEN,
// of the default workspace.
const DefaultConnection = "default"

// Webhook says how deliveries are verified.
type Webhook struct {
	Secret string `env:"HOLDFAST_WEBHOOK_SECRET"`
	// PreviousSecret is accepted as well while the secret is replaced. It is a variable
	// of its own since a secret may hold any separator.
	PreviousSecret string `env:"HOLDFAST_WEBHOOK_SECRET_PREVIOUS"`
}

// Secrets are the secrets that deliveries may be signed with; none: nothing is accepted.
func (c Webhook) Secrets() []string {
	var secrets []string
	for _, secret := range []string{c.Secret, c.PreviousSecret} {
		if secret != "" {
			secrets = append(secrets, secret)
		}
	}
	return secrets
}

func (c Webhook) validateWebhook() error {
	if c.Secret == "" && c.PreviousSecret != "" {
		return errors.New("HOLDFAST_WEBHOOK_SECRET_PREVIOUS is set, and HOLDFAST_WEBHOOK_SECRET is not")
	}
	return nil
}

// Deliveries says what the worker does about deliveries.
type Deliveries struct {
	// WebhookHook is the path of the hook in GitHub's API. Empty: GitHub is not asked what failed.
	WebhookHook string `env:"HOLDFAST_WEBHOOK_HOOK"`
	// DeliveryRetention is how long deliveries are kept that were worked.
	DeliveryRetention time.Duration `env:"HOLDFAST_DELIVERY_RETENTION" envDefault:"168h"`
}

// hookPath is a hook as GitHub's API names it.
var hookPath = regexp.MustCompile(`^(orgs/[A-Za-z0-9_.-]+|repos/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/hooks/[0-9]+$`)

func (c Deliveries) validateDeliveries() error {
	if c.WebhookHook != "" && !hookPath.MatchString(c.WebhookHook) {
		return fmt.Errorf("HOLDFAST_WEBHOOK_HOOK: %q is no path like orgs/octo/hooks/1 or repos/octo/mirror/hooks/1", c.WebhookHook)
	}
	if c.DeliveryRetention < time.Hour {
		return fmt.Errorf("HOLDFAST_DELIVERY_RETENTION: %s is shorter than an hour", c.DeliveryRetention)
	}
	return nil
}
