package operation

// Person is whose account of GitHub's it is.
type Person struct {
	GitHubID int64 // stays when the login changes
	Login    string
	Name     string // may be empty
	Email    string // as it is public; may be empty
}
