package operation

// SyncInput is the input of KindSyncRepository.
type SyncInput struct {
	Repository  string   `json:"repository"`            // "owner/name"
	Collections []string `json:"collections,omitempty"` // empty: all
}
