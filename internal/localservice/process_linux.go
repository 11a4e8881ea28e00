package localservice

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel send the signal when the forking thread ends.
// Go sets it after it has changed the user, which would clear it.
func dieWithParent(cmd *exec.Cmd, signal syscall.Signal) (release func(), err error) {
	cmd.SysProcAttr.Pdeathsig = signal
	return func() {}, nil
}

// watched tells whether the process is a shell that watches over the command.
func (p *Process) watched() bool { return false }
