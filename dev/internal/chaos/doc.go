// Package chaos shows that the mirror converges on GitHub whatever happens on the
// way. A [Plan], which a seed makes, says what happens: edits of several repositories,
// at which of their requests; what goes wrong with the requests and the webhooks;
// when a worker is killed, Postgres or Redis. [Run] carries it out on real processes;
// then it is quiet, each repository is swept once, and the mirror has to equal
// the simulated GitHub in every item of every collection.
//
// One [Stack] serves any number of plans, one after another: only the repositories
// differ. A failure names its seed, and the same seed makes the same plan again. What
// the plan cannot hold is time: which page is in flight when a worker dies.
package chaos
