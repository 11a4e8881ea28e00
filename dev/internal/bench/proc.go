package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of the times in /proc: USER_HZ, which Linux fixes at 100 a second
// for everything that it shows to programs, whatever its own clock does.
const tick = time.Second / 100

// processTimes is what the kernel tells of one process.
type processTimes struct {
	parent int
	own    time.Duration // user and system
	reaped time.Duration // of the children that have ended and were waited for
}

// readTimes reads /proc/PID/stat; see proc_pid_stat(5).
func readTimes(pid int) (processTimes, error) {
	text, err := os.ReadFile(procPath(pid, "stat"))
	if err != nil {
		return processTimes{}, fmt.Errorf("read the times of process %d: %w", pid, err)
	}
	return parseTimes(text)
}

// parseTimes begins after the program's name, which may hold spaces and brackets.
func parseTimes(stat []byte) (processTimes, error) {
	_, rest, found := cutLast(stat, ')')
	fields := bytes.Fields(rest)
	if !found || len(fields) < 15 {
		return processTimes{}, fmt.Errorf("read the times of a process: %q is not what Linux writes", stat)
	}
	var n [15]int64
	for _, i := range []int{1, 11, 12, 13, 14} { // ppid, utime, stime, cutime, cstime
		var err error
		if n[i], err = strconv.ParseInt(string(fields[i]), 10, 64); err != nil {
			return processTimes{}, fmt.Errorf("read the times of a process: %w", err)
		}
	}
	return processTimes{
		parent: int(n[1]),
		own:    time.Duration(n[11]+n[12]) * tick,
		reaped: time.Duration(n[13]+n[14]) * tick,
	}, nil
}

func cutLast(s []byte, sep byte) (before, after []byte, found bool) {
	i := bytes.LastIndexByte(s, sep)
	if i < 0 {
		return s, nil, false
	}
	return s[:i], s[i+1:], true
}

// treeTime is the processor time of a process and of its children, those that
// have ended included.
func treeTime(pid int) (time.Duration, error) {
	var children time.Duration
	all, err := childrenOf(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range all {
		times, err := readTimes(child)
		if errors.Is(err, fs.ErrNotExist) {
			continue // reaped just now, and counted below
		}
		if err != nil {
			return 0, err
		}
		children += times.own
	}
	times, err := readTimes(pid)
	return times.own + times.reaped + children, err
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) ([]int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	if len(paths) == 0 {
		return nil, errors.New("list the processes: there is no /proc here, as Linux has it")
	}
	var children []int
	for _, path := range paths {
		child, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue // not a process
		}
		if times, err := readTimes(child); err == nil && times.parent == pid {
			children = append(children, child)
		}
	}
	return children, nil
}

// memory is what /proc/PID/status tells of a process' memory, in bytes.
type memory struct {
	peak      int64 // VmHWM: the most that was resident
	anonymous int64 // RssAnon: what no file and no other process shares
	shared    int64 // RssShmem
}

func readMemory(pid int) (memory, error) {
	text, err := os.ReadFile(procPath(pid, "status"))
	if err != nil {
		return memory{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	return parseMemory(text)
}

func parseMemory(status []byte) (memory, error) {
	var m memory
	fields := map[string]*int64{"VmHWM": &m.peak, "RssAnon": &m.anonymous, "RssShmem": &m.shared}
	for line := range bytes.Lines(status) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		into, wanted := fields[string(name)]
		if !wanted {
			continue
		}
		kilobytes, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("read the memory of a process: %w", err)
		}
		*into = kilobytes << 10
	}
	return m, nil
}

// treeMemory is what a server of many processes takes that share memory: all that
// is their own, and the shared memory once.
func treeMemory(pid int) (int64, error) {
	children, err := childrenOf(pid)
	if err != nil {
		return 0, err
	}
	var own, shared int64
	for _, process := range append(children, pid) {
		m, err := readMemory(process)
		if errors.Is(err, fs.ErrNotExist) {
			continue // ended just now
		}
		if err != nil {
			return 0, err
		}
		own += m.anonymous
		shared = max(shared, m.shared)
	}
	return own + shared, nil
}

func procPath(pid int, file string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), file)
}
