package api

// WrittenExamples are the examples that are written by hand, for tests.
func WrittenExamples() map[string]string { return examples }
