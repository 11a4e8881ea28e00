// Package githubsim is a GitHub on loopback: the REST endpoints that Holdfast
// reads, with GitHub's shapes, paging, limits, redirects and errors, and with
// faults on demand. The demo, the tests and the benchmarks run against it.
//
// A [Server] is an http.Handler that serves any number of repositories. A
// [Repository] comes from [Generate], which makes one up from a seed, or from
// [LoadArchive], which reads a published archive of a real one:
//
//	sim := githubsim.New(githubsim.Options{})
//	sim.Add(githubsim.Generate(1, githubsim.SpecForItems(5000)))
//	ln, err := net.Listen("tcp", "127.0.0.1:0")
//	…
//	go http.Serve(ln, sim) // the client's base URL is "http://" + ln.Addr().String() + "/"
//
// # What is held
//
// Items are compact structs in slices; their JSON is written when it is asked
// for, and texts of generated repositories are composed again from their seeds.
// A million items take some hundreds of megabytes. Lists page through sorted
// slices of indices that are built at first use and then kept sorted by every
// change, so that a page costs its own items and not the list's length.
//
// # What changes
//
// The methods of Repository that edit ([Repository.Star], [Repository.Push],
// [Repository.EditIssue], …) keep what GitHub keeps: counters, updated_at, and
// the copies inside of other objects. They may be called while requests are
// being served. Each request reads one consistent state of its repository.
// Some edits raise no updated_at, as on GitHub. What is deleted leaves its lists and
// answers 404 or 410, a transferred issue ([Server.Transfer]) and a renamed repository
// ([Server.Rename]) 301; a commit that nothing leads to is known until [Repository.Prune].
// The package upheaval does all of it at random.
//
// # URLs
//
// URLs inside of items say https://api.github.com and https://github.com, as
// GitHub's do, so that an item's bytes depend neither on a port nor on a run.
// URLs that a client follows (Link, Location) name the host that the request
// was sent to.
//
// # Where it is GitHub
//
// The answers that tests of this package get are compared with GitHub's own
// description of its API, and every endpoint is asked for all shapes that it has; see
// internal/conformance. A route without requests to compare fails.
//
// # Where it is not GitHub
//
// Answers are not compressed. Dates have no events behind them. A branch whose
// commits an archive does not hold can be listed, but its commits cannot.
package githubsim
