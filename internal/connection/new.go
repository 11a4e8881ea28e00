package connection

// New is a connection that is to be made.
type New struct {
	ID                string // a UUID that no other has
	WorkspaceID, Name string
	Kind              Kind
	BaseURL           string // of GitHub's API, with a trailing slash
	Repositories      []string
	AppID             int64
	InstallationID    int64
	Reserve           Reserve
	InFlight          int    // 0: the default
	Hook              string // path of the webhook; empty: none
	Secrets           Secrets
	// Accepted is whether GitHub has accepted the credential just now, and Account and
	// Login whose it said that it is.
	Accepted       bool
	Account, Login string
}

// Change is what is to be different of a connection; nil and empty secrets stay as
// they are.
type Change struct {
	Name           *string
	Repositories   *[]string
	InstallationID *int64
	Reserve        *Reserve
	InFlight       *int
	Hook           *string
	Disabled       *bool
	Secrets        Secrets
	// WithoutWebhookSecret and WithoutPreviousWebhookSecret drop the secret.
	WithoutWebhookSecret, WithoutPreviousWebhookSecret bool
	// IfVersion is the version that is to be changed; 0: whichever there is.
	IfVersion int64
}

// Held is a connection with what it keeps secret.
type Held struct {
	Connection
	Secrets Secrets
	// Unreadable is why there are no secrets although some are kept, for people.
	Unreadable string
}

// The names of secrets where they are kept.
const (
	FieldToken                 = "token"
	FieldPrivateKey            = "private_key"
	FieldWebhookSecret         = "webhook_secret"
	FieldPreviousWebhookSecret = "previous_webhook_secret"
)

// Fields are the secrets that there are, by the name under which they are kept.
func (s Secrets) Fields() map[string]string {
	all := map[string]string{
		FieldToken: s.Token, FieldPrivateKey: s.PrivateKey,
		FieldWebhookSecret: s.WebhookSecret, FieldPreviousWebhookSecret: s.PreviousWebhookSecret,
	}
	for field, value := range all {
		if value == "" {
			delete(all, field)
		}
	}
	return all
}

// Set sets the secret of that name.
func (s *Secrets) Set(field, value string) {
	switch field {
	case FieldToken:
		s.Token = value
	case FieldPrivateKey:
		s.PrivateKey = value
	case FieldWebhookSecret:
		s.WebhookSecret = value
	case FieldPreviousWebhookSecret:
		s.PreviousWebhookSecret = value
	}
}
