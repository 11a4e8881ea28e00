// Package budget keeps requests to GitHub within GitHub's limits, for all processes
// together.
//
// GitHub counts by account: a user or an installation of an App. A Ledger is one
// process's view of all accounts. Whoever wants to ask GitHub enters the Account, which
// waits for its turn, and leaves it with what the answer said:
//
//	Enter ─► queue ─► pump ══ one turn ══► desk: the script in Redis
//	Leave ─► tally ─►  ▲                     or alone, without Redis
//	                   └── PUBLISH: there is something for you
//
// The pump, one per account and process while there is something to do, tells the desk
// what became of requests and who waits, and is told who goes. The script decides for
// all processes at once; it may give a turn to another process than the one that calls,
// and wakes it then. Everything that a process says of itself is said whole in each call
// (how many passes are out, who waits), so that nothing needs to be undone: a call or a
// reply that is lost is made good by the next one, and a process that says nothing for
// ten seconds is gone.
//
// What the script decides by:
//
//   - Nothing goes while GitHub has said to wait, and then one request before all others.
//   - At most so many are out at once.
//   - The hourly budget is the least that GitHub reported within a window, less what is
//     out; the reserve stays. Lower lanes leave a little of it for higher ones.
//   - The points of a minute and the content of a minute and an hour count from the
//     request's start until a whole span after its answer, so that GitHub never counts more.
//   - Whose turn it is: lanes by weight, in them workspaces and then operations alike.
//
// Redis may lose everything at any time. An account that is unknown there gets an epoch;
// processes that knew another one tell what they know, and if nobody knows, one asks GitHub
// (free of charge). Without Redis each process goes on with its share of what is allowed.
package budget
