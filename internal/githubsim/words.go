package githubsim

// The vocabulary of generated repositories: the tracker of a message queue. In
// templates {component}, {func}, {symptom}, {when}, {path}, {version}, {n},
// {issue} and {someone} are filled in.

var components = []string{
	"broker", "consumer", "producer", "scheduler", "retry queue", "dead letter queue", "admin API", "metrics exporter",
	"connection pool", "rebalancer", "offset store", "compression codec", "TLS listener", "CLI", "storage engine",
	"health check", "rate limiter", "config loader", "snapshot reader", "gRPC gateway",
}

var functions = []string{
	"Publish", "Subscribe", "Ack", "Nack", "Drain", "Rebalance", "Commit", "Seek", "Poll", "Close", "Flush", "Dial",
	"Compact", "Replay", "Snapshot", "Heartbeat", "Enqueue", "Dequeue",
}

var symptoms = []string{
	"drops messages", "hangs forever", "leaks goroutines", "panics with a nil pointer", "returns a stale offset",
	"delivers messages twice", "uses 100% CPU", "ignores the configured timeout", "logs the wrong partition",
	"loses its lease", "reports negative lag", "fails with `context deadline exceeded`", "grows without bound",
}

var conditions = []string{
	"after a reconnect", "while rebalancing", "when the broker restarts", "under heavy load", "with TLS enabled",
	"on a slow disk", "when the topic has no partitions", "if the clock jumps back", "during shutdown",
	"with more than {n} consumers", "when the batch is empty", "on ARM64", "behind a proxy", "after an upgrade to {version}",
}

var paths = []string{
	"broker/session.go", "broker/session_test.go", "consumer/group.go", "consumer/offset.go", "producer/batch.go",
	"internal/wire/frame.go", "internal/retry/backoff.go", "storage/segment.go", "storage/compact.go", "cmd/relay/main.go",
	"docs/operations.md", "README.md", "go.mod", ".github/workflows/test.yml",
}

var issueTitles = []string{
	"{component} {symptom} {when}", "{func}: {component} {symptom}", "{func} {symptom} {when}",
	"Document how the {component} behaves {when}", "Support for limiting the {component} per tenant",
	"Proposal: split the {component} from the {component}", "Flaky test: Test{func} fails {when}",
	"Question: is it safe to call {func} {when}?", "Regression in {version}: {component} {symptom}",
	"Allow {func} to be cancelled", "“{func}” is missing from the {component}’s documentation",
}

var pullTitles = []string{
	"Fix: {component} {symptom} {when}", "Make {func} safe to call twice", "Refactor the {component}",
	"{component}: add a timeout to {func}", "Add a benchmark for {func}", "docs: explain the {component}",
	"Bound the {component}'s memory {when}", "Return an error from {func} instead of panicking",
	"Speed up {func} by batching", "ci: run the {component} tests with -race", "Remove the deprecated {func} option",
}

var reportSentences = []string{
	"We noticed that the {component} {symptom} {when}.", "This started with {version} and did not happen before.",
	"It takes about {n} minutes until it shows.", "I can reproduce it on a laptop with {n} partitions.",
	"A restart of the {component} helps for a while.", "The call to `{func}` never returns.",
	"Nothing is logged at the default level.", "We run {n} nodes in production and see it on all of them.",
	"I expected `{func}` to return an error here.", "The dashboards show the {component} at {n}% all the time.",
	"According to the documentation `{func}` should not block {when}.",
}

var steps = []string{
	"Start a {component} with `--workers={n}`", "Call `{func}` in a loop", "Restart the {component}",
	"Wait for {n} seconds", "Publish {n} messages", "Look at the {component}'s metrics", "Close the connection {when}",
}

var codeBlocks = []string{
	"```\npanic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation]\n\ngoroutine {n} [running]:\nmain.(*session).{func}(0xc000{n}a0)\n\t/src/{path}:{n} +0x{n}\n```",
	"```go\nctx, cancel := context.WithTimeout(ctx, {n}*time.Second)\ndefer cancel()\nif err := client.{func}(ctx); err != nil {\n\treturn fmt.Errorf(\"{func}: %w\", err)\n}\n```",
	"```yaml\nbroker:\n  listen: \":90{n}\"\n  workers: {n}\n  tls: true\n```",
	"```console\n$ relay status --verbose\nworkers  {n}\nlag      {n}\nuptime   {n}h\n```",
	"```json\n{\"level\":\"error\",\"msg\":\"{func} failed\",\"attempt\":{n},\"path\":\"C:\\\\relay\\\\data\"}\n```",
}

var changeSentences = []string{
	"This makes the {component} stop before it {symptom}.", "`{func}` now takes a context and honours it.",
	"The {component} kept a lock while it called `{func}`; now it does not.", "Follow-up to {issue}.",
	"Before this change the {component} {symptom} {when}.", "No change in behaviour is intended.",
	"Measured with {n} partitions, see the benchmark below.", "It is easiest to review commit by commit.",
}

var changes = []string{
	"`{func}` returns early {when}", "new option `WithMax{func}`", "test for the {component} {when}",
	"fewer allocations in `{func}`", "the {component} closes its channels in order", "fix a typo in {path}",
	"the {component} reports its lag", "move `{func}` to {path}", "bump the minimum version to {version}",
}

var replySentences = []string{
	"Thanks for the report!", "I can confirm this {when}.", "Could you try {version} and tell whether it helps?",
	"I think {someone} looked at the {component} last month.", "This looks like a duplicate of {issue}.",
	"The lock in `{func}` is taken twice, see {path}.", "Fixed on the default branch, it will be part of the next release.",
	"I would rather not add an option for it.", "Same here, with {n} consumers 👍", "A pull request is welcome.",
	"Do you have a trace of the {component} from that time?", "We worked around it by calling `{func}` first.",
	"Closing, as there was no answer for {n} days. Feel free to reopen — naïve retries won't help.",
}

var reviewSentences = []string{
	"Looks good to me, thank you!", "Just a few nits, otherwise fine.", "I am not sure about the error handling in `{func}`.",
	"Could you add a test for the case {when}?", "The {component} part can go into a change of its own.",
	"Please rebase, {issue} touched the same lines.", "Nice work, much simpler than before.",
}

var remarkSentences = []string{
	"Can `{func}` be called {when}?", "Nit: the name says nothing about the {component}.", "This needs a comment on why.",
	"Should that be `<=` instead?", "We have a function for this in {path}.", "The error loses its cause here.",
	"Good catch!", "Done.", "This allocates on every call; see {issue}.", "I would return early & save the indentation.",
}

var codeLines = []string{
	"if err := s.{func}(ctx); err != nil {", "return fmt.Errorf(\"{func}: %w\", err)", "defer s.mu.Unlock()",
	"for i := 0; i < {n}; i++ {", "s.pending = append(s.pending, msg)", "case <-ctx.Done():", "timer := time.NewTimer(s.timeout)",
	"if len(batch) == 0 {", "s.metrics.Add(\"{func}\", {n})", "log.Debug(\"{func}\", \"lag\", lag)",
}

var givenNames = []string{
	"ada", "ben", "chiara", "dmitri", "elif", "femi", "greta", "hiro", "ines", "jonas", "kavya", "liam", "mei", "noor",
	"oskar", "priya", "quinn", "rosa", "sven", "tomas", "uma", "viktor", "wren", "ximena", "yara", "zoe", "marek", "leila",
}

var familyNames = []string{
	"abara", "bauer", "costa", "dubois", "eriksen", "ferrari", "garcia", "haddad", "ito", "jansen", "kowalski", "lindqvist",
	"moreau", "nakamura", "okafor", "petrov", "quispe", "rossi", "santos", "tanaka", "ueda", "vargas", "weber", "yilmaz", "zhang",
}

// labelSeed lists a generated repository's labels: name, color, description.
var labelSeed = [][3]string{
	{"bug", "d73a4a", "Something isn't working"},
	{"documentation", "0075ca", "Improvements or additions to documentation"},
	{"duplicate", "cfd3d7", "This issue or pull request already exists"},
	{"enhancement", "a2eeef", "New feature or request"},
	{"good first issue", "7057ff", "Good for newcomers"},
	{"help wanted", "008672", "Extra attention is needed"},
	{"invalid", "e4e669", "This doesn't seem right"},
	{"question", "d876e3", "Further information is requested"},
	{"wontfix", "ffffff", "This will not be worked on"},
	{"performance", "fbca04", "Makes it faster, or should"},
	{"security", "b60205", "Touches the security of users"},
	{"flaky test", "c2e0c6", "Fails only sometimes"},
	{"needs reproduction", "f9d0c4", "We could not make it happen yet"},
	{"breaking change", "e11d21", "Needs a major release"},
	{"dependencies", "0366d6", "Updates a dependency"},
	{"ci", "bfd4f2", "Builds, tests and releases"},
}
