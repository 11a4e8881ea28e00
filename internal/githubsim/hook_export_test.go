package githubsim

// Sign is how a hook signs.
func Sign(secret string, body []byte) string { return sign(secret, body) }
