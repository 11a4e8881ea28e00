//go:build unix && !linux

package localservice

import (
	"os/exec"
	"strconv"
	"strings"
)

// serves tells whether the process is a server on this data directory: we start
// it with the directory among its arguments.
func (c cluster) serves(pid int) bool {
	command, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(command), c.dir)
}
