package operation

// SyncInput is the input of KindSyncRepository, KindReconcileRepository (Repository is
// set) and KindSyncOrganization (Organization is set).
type SyncInput struct {
	Repository   string `json:"repository,omitempty"`   // "owner/name"
	Organization string `json:"organization,omitempty"` // its login

	// Which repositories of the organization, by patterns of path.Match over their
	// names without the owner, in any case. Exclude wins over Include.
	Include  []string `json:"include,omitempty"`  // empty: all
	Exclude  []string `json:"exclude,omitempty"`  // empty: none
	Archived bool     `json:"archived,omitempty"` // archived ones as well
	Forks    bool     `json:"forks,omitempty"`    // forks as well

	Collections []string `json:"collections,omitempty"` // names and presets; empty: the preset core
	Full        bool     `json:"full,omitempty"`        // compare all that GitHub lists, whatever the bookmarks say
}
