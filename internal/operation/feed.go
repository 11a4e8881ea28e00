package operation

// FeedEvent is an event in the feed of a workspace's operations, which has every state
// and now and then progress.
type FeedEvent struct {
	Position int64  // counts from 1 without a gap in its workspace
	Subject  string // of the event's operation
	Event    Event  // with Seq 0: the operation was created
}

// FeedEnds is how far a feed reaches.
type FeedEnds struct {
	Last    int64 // number of the last row that can be read; 0: there is none yet
	Dropped int64 // rows up to this number are not kept any more
}

// FeedFilter selects the open operations that a follower of a feed begins with.
type FeedFilter struct {
	Subject string   // "owner/name"; empty: any
	Visible Patterns // the repositories whose operations are listed; none: all
	Limit   int
}
