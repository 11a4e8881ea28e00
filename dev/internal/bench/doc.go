// Package bench measures Holdfast against a plain sequential loop, on the same
// simulated GitHub and the same Postgres server, in the same run.
//
// # What is compared
//
// Holdfast runs as its real processes, api and worker, on a Temporal server and a
// Redis, and is asked over its REST API. The [Loop] is what somebody writes in an
// afternoon: go-github, 100 items a page, one request after the other, one upsert
// statement a page, and nothing that survives a crash. Both read the same
// collections into a database that is new for each run, on a Postgres that syncs
// its commits to the disk.
//
// # What is measured
//
// Every part is a process of its own, so that the kernel tells what each one used:
// processor time from /proc/PID/stat, before and after the work, and peak memory
// from VmHWM in /proc/PID/status. Postgres' processor time is that of its
// postmaster, of the children that it has reaped (cutime and cstime) and of those
// that live. The time runs from the request that starts the work until whoever
// asked knows that it has ended.
//
// A run counts only if as many rows are stored as GitHub has items, in every
// collection.
//
// [Upkeep] and [Freshness] are about Holdfast alone: what syncs and sweeps of a mirror
// ask of GitHub, and how soon the mirror shows what a webhook tells.
package bench
