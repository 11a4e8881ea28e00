// Package progress carries an operation's events from the worker that committed
// them to everyone who listens.
//
//	activity ──commit──► Postgres (operation_events: the truth)
//	   │                     ▲
//	   │ Publisher           │ EventSource: what Redis did not bring
//	   ▼                     │
//	Redis stream ──XREAD──► Hub ──topic per operation──► Listener ──► WebSocket
//
// Postgres is the truth. Redis only wakes the hub and spares it a query: it may
// lose everything at any moment, and the hub then asks Postgres about once a
// second until Redis is back. Publishing never fails the work that it tells of.
//
// Events of one operation are numbered from 1 without a gap, in the order of
// their commits. A topic holds the latest of them, shared by all its listeners:
// one wake costs at most one query, however many listen. A listener reads at its
// own pace and blocks nobody; see Listener for what it is told when it is slow.
package progress
