package progress

import (
	"encoding/json"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

// Change is one difference of one item that was observed.
type Change struct {
	Seq          int64           `json:"seq" doc:"Its number: from 1 without a gap in the workspace, in the order in which changes can be read."`
	At           time.Time       `json:"at" doc:"When it was observed; never before the change before it."`
	RepositoryID int64           `json:"repository_id" doc:"GitHub's id of the repository, or of the organization for its collections."`
	Repository   string          `json:"repository,omitempty" doc:"The repository's name now; absent of an organization's items." example:"octocat/hello-world"`
	Collection   string          `json:"collection" example:"issues"`
	Key          string          `json:"key" doc:"What identifies the item in its collection: GitHub's id, a name or a sha."`
	Number       int64           `json:"number,omitempty" doc:"The item's number; absent where it has none."`
	Kind         string          `json:"kind" enum:"created,updated,deleted" doc:"created: the mirror did not have the item, or had it as deleted."`
	Fields       []string        `json:"fields,omitempty" doc:"Of an update: the top-level members that differ."`
	Before       json.RawMessage `json:"before,omitempty" doc:"The item as it was, as GitHub's list showed it; absent of one that was created or purged."`
	Purged       bool            `json:"purged,omitempty" doc:"What the item was is not kept: its content was purged."`
	Source       string          `json:"source" enum:"sync,webhook,sweep,edit" doc:"What asked for the operation that observed it; edit: our own, a purge among them."`
	OperationID  string          `json:"operation_id,omitempty" format:"uuid" doc:"The operation that observed it; absent of a purge."`
}

// FromChange is c as clients see it.
func FromChange(c operation.Change) Change {
	return Change{
		Seq: c.Seq, At: c.At.UTC(), RepositoryID: c.RepositoryID, Repository: c.Repository, Collection: c.Collection, Key: c.Key,
		Number: c.Number, Kind: string(c.Kind), Fields: c.Fields, Before: c.Before, Purged: c.Purged,
		Source: string(c.Source), OperationID: c.OperationID,
	}
}
