package main

import (
	"errors"
	"io/fs"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryFiles say how much memory this process's container may use, of cgroup v2 and
// v1, below /sys/fs/cgroup.
var memoryFiles = [...]string{"memory.max", "memory/memory.limit_in_bytes"}

// memoryShare of a container's memory is Go's to use, in percent: the rest is for
// what Go does not count, and for the moment between two collections.
const memoryShare = 90

// limitMemory has Go's collector keep the process below its container's limit, in
// bytes, and returns what it keeps below: 0 for no limit. GOMEMLIMIT goes first.
func limitMemory(cgroup fs.FS) int64 {
	if set := debug.SetMemoryLimit(-1); set != math.MaxInt64 {
		return set
	}
	limit := containerMemory(cgroup)
	if limit == 0 {
		return 0
	}
	limit = limit / 100 * memoryShare
	debug.SetMemoryLimit(limit)
	return limit
}

// containerMemory is the container's limit in bytes, 0 where there is none.
func containerMemory(cgroup fs.FS) int64 {
	for _, name := range memoryFiles {
		text, err := fs.ReadFile(cgroup, name)
		if err != nil {
			continue // another version of cgroup, or no Linux
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		// "max" is no number; version 1 writes a number near the largest for it.
		if errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) || limit <= 0 || limit > math.MaxInt64/2 {
			return 0
		}
		return limit
	}
	return 0
}
