// Package e2e holds the end-to-end tests: real holdfast processes on real Postgres,
// Redis and Temporal against the simulated GitHub, driven through the API as users
// do. `make test` runs them; alone they run as
//
//	./bin/dev test -- go test -C dev ./e2e
//
// A test begins with setup, which gives it a world of its own: a simulator, a
// migrated database, a logical Redis database and a Temporal namespace. Nothing is
// shared with another test, so all of them run in parallel.
package e2e
