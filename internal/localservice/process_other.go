//go:build unix && !linux

package localservice

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// watchedChild runs a command beside a reader of the pipe on standard input. The
// pipe breaks when the parent dies, whatever it dies of, and the command is then
// sent the signal $0. The shell itself ignores the signals meant for the command
// and ends with the command's status.
const watchedChild = `
trap : INT TERM QUIT HUP
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( trap - INT TERM QUIT HUP; cat <&3 >/dev/null; kill -$0 $child ) >/dev/null 2>&1 &
watcher=$!
while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
kill -9 $watcher 2>/dev/null
exit $status`

func dieWithParent(cmd *exec.Cmd, signal syscall.Signal) (release func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	args := []string{"/bin/sh", "-c", watchedChild, strconv.Itoa(int(signal)), cmd.Path}
	cmd.Args = append(args, cmd.Args[1:]...)
	cmd.Path, cmd.Stdin = "/bin/sh", r
	return func() {
		_ = r.Close() // both ends are ours alone by now, and nothing is buffered
		_ = w.Close()
	}, nil
}

// watched tells whether the process is a shell that watches over the command.
func (p *Process) watched() bool { return true }
