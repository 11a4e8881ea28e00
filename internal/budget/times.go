package budget

import "time"

// times are the lengths of everything. Those of GitHub's limits are scaled; the others
// are about processes and networks, which are as quick as ever.
type times struct {
	scale        float64
	hour, minute time.Duration // of GitHub's limits
	allowed      []allowance

	beat     time.Duration // without a word a process counts as gone
	seen     time.Duration // and for so long it counts among the processes that may come back
	collect  time.Duration // how long a turn given to another process is kept for it
	lease    time.Duration // for one process to ask GitHub for its limits
	scout    time.Duration // how long one request may keep others waiting that want to know how GitHub answers it
	settle   time.Duration // before a Redis that knows nothing gives turns: processes tell what they know
	poll     time.Duration // between looks of who waits, if no word comes
	patience time.Duration // of Enter
	call     time.Duration // of a turn with Redis
	heal     time.Duration // between looks whether Redis is back
}

func newTimes(scale float64) times {
	t := times{
		scale: scale, hour: scaled(time.Hour, scale), minute: scaled(time.Minute, scale),
		beat: 10 * time.Second, seen: 5 * time.Minute, collect: time.Second, lease: 20 * time.Second, scout: scoutPatience,
		settle: 100 * time.Millisecond, poll: time.Second / 2, patience: 20 * time.Second,
		call: time.Second, heal: time.Second / 2,
	}
	t.allowed = allowances(t.hour, t.minute)
	return t
}
