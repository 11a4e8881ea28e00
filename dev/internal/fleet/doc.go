// Package fleet shows that all workers together keep to GitHub's limits. It runs several
// real worker processes with several credentials against a simulated GitHub that enforces
// its limits and counts who goes on although it was told to wait. The work is more than
// the credentials' hours allow, so that workers wait for new ones; meanwhile things go
// wrong, if wanted, and a person asks now and then. The [Report] says what came of it, and
// [Report.Broken] which promise was not kept.
//
// GitHub's hour and the product's waits are scaled alike, by one setting. Each process
// reaches the simulator by a door of its own, an HTTP proxy as far as it knows, so that
// what it sends can be told from what the others send.
package fleet
