package testenv

import (
	"runtime"
	"testing"
)

// recorder is a test that may fail without failing the test around it.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Fatalf(string, ...any) {
	r.failed = true
	runtime.Goexit() // as a test's own Fatalf does
}
