//go:build !unix

package credential

import (
	"errors"
	"os"
)

// tryLock fails: two commands could end the session of each other.
func tryLock(*os.File) (bool, error) {
	return false, errors.New("this system has no locks that end with their process: use a key in HOLDFAST_TOKEN")
}
