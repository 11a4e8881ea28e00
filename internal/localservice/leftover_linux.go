package localservice

import (
	"fmt"
	"os"
	"path/filepath"
)

// serves tells whether the process is a server on this data directory: that is
// where a postmaster's working directory is.
func (c cluster) serves(pid int) bool {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	dir, err := filepath.EvalSymlinks(c.dir)
	return err == nil && cwd == dir
}
