package operation

import "encoding/json"

// Lane is how urgent a client says that its sync is: before which other work its
// requests to GitHub go, where there is more of it than GitHub allows.
type Lane string

// The lanes that a client may ask for.
const (
	LaneInteractive Lane = "interactive" // somebody waits for it
	LaneIncremental Lane = "incremental" // as urgent as what webhooks tell of
	LaneBackfill    Lane = "backfill"    // it has time
)

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

	Lane Lane `json:"lane,omitempty"` // empty: that of what asked for it

	Approval Approval `json:"approval,omitempty"` // whether somebody must approve it before it begins
}

// Approval says whether an operation begins by itself.
type Approval string

// ApprovalRequired has an operation wait for approval once it has a plan.
const ApprovalRequired Approval = "required"

// Lane is the lane that was asked for; empty: none was.
func (o Operation) Lane() Lane { return o.syncInput().Lane }

// NeedsApproval tells whether somebody must approve the operation before it begins.
func (o Operation) NeedsApproval() bool { return o.syncInput().Approval == ApprovalRequired }

// syncInput is the operation's input; the zero value where it cannot be read, of which
// its plan says what is wrong with it.
func (o Operation) syncInput() SyncInput {
	var in SyncInput
	if json.Unmarshal(o.Input, &in) != nil {
		return SyncInput{}
	}
	return in
}
