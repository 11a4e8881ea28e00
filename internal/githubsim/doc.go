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
// # Whom it knows
//
// Without more, every token is one user's and reads everything. [Options].Users have tokens
// of both kinds, with scopes or permissions and an end; [Options].Apps are GitHub Apps that
// sign for tokens of their installations, which end after an hour. [Server.RevokeToken],
// [Server.RestoreToken] and [Server.EditInstallation] change what a credential may do
// while requests are being served.
//
// # What it limits
//
// Limits are counted by account: a user with all tokens, an installation, an App, or all who
// have no token. [Options].Enforce makes them GitHub's: requests and points of an hour,
// requests at once, points of a minute, content created. A minute is any minute, not the
// clock's, so that whoever keeps to this keeps to GitHub's. All lengths scale with [Options].Window. Who comes although
// a refusal said to wait commits an [Offence]; [Stats.Unexcused] leaves out what may
// have left before its client could know. [Server.Spend] is another tool on the same
// account, and [Server.Windows] is what each hour came to.
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
// A credential that was made for some repositories, as an installation's is, reads no
// others and only what it has the permission for, public or not, unless [Options].ShowPublic is
// set: GitHub shows everybody what is public, but a test wants to see a credential used
// for what it was not made for. GitHub does not say how it counts a minute or how long its secondary limits
// last, and limits CPU time as well.
//
// Answers are not compressed. Dates have no events behind them. A branch whose
// commits an archive does not hold can be listed, but its commits cannot.
package githubsim
