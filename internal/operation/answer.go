package operation

// AnswerKey is the Idempotency-Key of a request that makes no operation, and what came
// with it.
type AnswerKey struct {
	WorkspaceID string
	Subject     string // whose token sent it: two clients may use the same key
	Key         string
	Hash        []byte // SHA-256 of the request, compared when the key is seen again
}

// Answer is what a request was answered with.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
}
