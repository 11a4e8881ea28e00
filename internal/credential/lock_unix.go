//go:build unix

package credential

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock of a file, until it is closed or the process ends. It is false
// where another has it.
func tryLock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	return err == nil, err //nolint:wrapcheck // by its caller
}
