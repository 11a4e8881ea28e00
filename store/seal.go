package store

import (
	"fmt"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/operation"
)

// Sealer encrypts what must not be readable in the database, such that it can be read
// only with the same associated data; *secret.Keyset does.
type Sealer interface {
	Encrypt(text, associatedData []byte) ([]byte, error)
	Decrypt(sealed, associatedData []byte) ([]byte, error)
	// Primary is the id of the key that encrypts.
	Primary() uint32
}

// unsealable is why nothing can be kept or read that is secret.
const unsealable = "The server has no HOLDFAST_SECRETS_KEYSET, which connections' secrets are encrypted with; `holdfast secrets-keyset new` makes one."

// errUnsealable is for clients that want a secret to be kept: trying again does not help.
func errUnsealable() error { return operation.Conflict(unsealable) }

// binding is the associated data of a secret: it cannot be read in the place of another.
func binding(workspaceID, connectionID, field string) []byte {
	return []byte("holdfast connection " + workspaceID + " " + connectionID + " " + field)
}

// fieldInstallationToken is the field of an App's tokens, in their binding.
const fieldInstallationToken = "installation_token"

// sealed are secrets as they are kept.
type sealed struct {
	fields []string
	values [][]byte
}

func seal(s Sealer, workspaceID, connectionID string, secrets connection.Secrets) (sealed, error) {
	var out sealed
	for field, value := range secrets.Fields() {
		if s == nil {
			return out, errUnsealable()
		}
		text, err := s.Encrypt([]byte(value), binding(workspaceID, connectionID, field))
		if err != nil {
			return out, fmt.Errorf("encrypt the %s of a connection: %w", field, err)
		}
		out.fields, out.values = append(out.fields, field), append(out.values, text)
	}
	return out, nil
}
