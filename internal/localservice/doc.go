// Package localservice runs Postgres and Redis on this machine's loopback for
// development, demonstrations and tests, from what is installed, as any user.
//
// What it starts never outlives the process that started it, not even after a
// kill -9: see [Process]. A data directory that a killed run left behind starts
// again: a server that still holds it is stopped first, and what such a run left in
// the temporary directory is removed by the next start, see [TempDir].
//
// Postgres refuses to run as root. A root caller's server runs as the user
// "postgres" or else "nobody", and its files belong to that user.
package localservice
