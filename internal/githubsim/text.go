package githubsim

import (
	"bytes"
	"strconv"
	"strings"
)

type textKind uint8

const (
	issueTitle textKind = iota
	pullTitle
	issueBody
	pullBody
	commentBody
	reviewBody
	remarkBody
	diffHunk
	releaseBody
)

// text is a string that stands as it is or is composed from a seed whenever it
// is read, so that a million texts need no memory of their own.
type text struct {
	literal string
	seed    uint32 // 0: the literal
	kind    textKind
}

func literal(s string) text { return text{literal: s} }

func (t *text) empty() bool { return t.seed == 0 && t.literal == "" }

// text writes a text; n is the number of the issue that it belongs to.
func (e *encoder) text(r *Repository, t *text, n int64) *encoder {
	if t.seed == 0 {
		return e.str(t.literal)
	}
	e.scratch = r.corpus.compose(e.scratch[:0], t, n)
	e.b = append(e.b, '"')
	e.b = appendEscaped(e.b, e.scratch)
	e.b = append(e.b, '"')
	return e
}

func (e *encoder) textOrNull(r *Repository, t *text, n int64) *encoder {
	if t.empty() {
		return e.raw("null")
	}
	return e.text(r, t, n)
}

// corpus composes texts.
type corpus struct {
	mentions []string // logins as they were when the texts were written
}

func newCorpus() *corpus { return &corpus{} }

// compose appends the text that t's seed stands for.
func (c *corpus) compose(dst []byte, t *text, n int64) []byte {
	w := writer{random: newRandom(uint64(t.seed), uint64(t.kind)), corpus: c, b: dst, number: n}
	switch t.kind {
	case issueTitle:
		w.fill(pick(w.random, issueTitles))
	case pullTitle:
		w.fill(pick(w.random, pullTitles))
	case issueBody:
		w.issue()
	case pullBody:
		w.pull()
	case commentBody:
		w.comment()
	case reviewBody:
		w.paragraph(reviewSentences, 1+w.below(3))
	case remarkBody:
		w.remark()
	case diffHunk:
		w.hunk()
	case releaseBody:
		w.release()
	}
	return w.b
}

// writer composes one text.
type writer struct {
	*random
	corpus *corpus
	b      []byte
	number int64
}

func (w *writer) add(s string) { w.b = append(w.b, s...) }

// fill appends a template, with its {slots} filled. Other braces stay as they are.
func (w *writer) fill(template string) {
	for {
		before, rest, found := strings.Cut(template, "{")
		w.add(before)
		if !found {
			return
		}
		name, after, _ := strings.Cut(rest, "}")
		if w.slot(name) {
			template = after
			continue
		}
		w.add("{")
		template = rest
	}
}

// slot appends what a slot stands for; false if it is none.
func (w *writer) slot(name string) bool {
	switch name {
	case "component":
		w.add(pick(w.random, components))
	case "func":
		w.add(pick(w.random, functions))
	case "symptom":
		w.add(pick(w.random, symptoms))
	case "when":
		w.fill(pick(w.random, conditions))
	case "path":
		w.add(pick(w.random, paths))
	case "version":
		w.version()
	case "n":
		w.num(2 + w.below(98))
	case "issue":
		w.add("#")
		w.num(1 + w.below(int(max(w.number-1, 1))))
	case "someone":
		w.someone()
	default:
		return false
	}
	return true
}

func (w *writer) num(n int) { w.b = strconv.AppendInt(w.b, int64(n), 10) }

func (w *writer) someone() {
	if len(w.corpus.mentions) == 0 {
		w.add("everyone")
		return
	}
	w.add("@")
	w.add(w.corpus.mentions[w.skewed(len(w.corpus.mentions), 2)])
}

func (w *writer) version() {
	w.add("v")
	w.num(w.below(3))
	w.add(".")
	w.num(w.below(18))
	w.add(".")
	w.num(w.below(9))
}

func (w *writer) paragraph(sentences []string, n int) {
	for i := range n {
		if i > 0 {
			w.add(" ")
		}
		w.fill(pick(w.random, sentences))
	}
}

func (w *writer) issue() {
	w.paragraph(reportSentences, 2+w.below(3))
	if w.chance(0.7) {
		w.gap()
		w.add("### Steps to reproduce\n\n")
		for i := range 2 + w.below(3) {
			w.num(i + 1)
			w.add(". ")
			w.fill(pick(w.random, steps))
			w.add("\n")
		}
	}
	if w.chance(0.6) {
		w.code()
	}
	if w.chance(0.5) {
		w.gap()
		w.fill("### Environment\n\n- version: {version}\n- Go: 1.{n}\n- workers: {n}\n")
	}
	if w.chance(0.25) {
		w.gap()
		w.fill("Possibly related to {issue}.")
	}
}

// gap ends a block of text with an empty line.
func (w *writer) gap() {
	w.b = append(bytes.TrimRight(w.b, "\n"), "\n\n"...)
}

func (w *writer) code() {
	w.gap()
	w.fill(pick(w.random, codeBlocks))
	w.add("\n")
}

func (w *writer) pull() {
	w.paragraph(changeSentences, 1+w.below(3))
	if w.chance(0.6) {
		w.gap()
		w.add("## Changes\n\n")
		for range 2 + w.below(4) {
			w.add("- ")
			w.fill(pick(w.random, changes))
			w.add("\n")
		}
	}
	if w.chance(0.3) {
		w.code()
	}
	if w.chance(0.4) {
		w.gap()
		w.fill("Fixes {issue}.")
	}
	if w.chance(0.4) {
		w.gap()
		w.add("- [x] tests\n- [x] changelog\n- [ ] documentation\n")
	}
}

func (w *writer) comment() {
	if w.chance(0.3) {
		w.add("> ")
		w.fill(pick(w.random, reportSentences))
		w.add("\n\n")
	}
	w.paragraph(replySentences, 1+w.below(3))
	if w.chance(0.2) {
		w.code()
	}
	if w.chance(0.15) {
		w.gap()
		w.fill("cc {someone}")
	}
}

func (w *writer) remark() {
	w.paragraph(remarkSentences, 1+w.below(2))
	if w.chance(0.25) {
		w.add("\n\n```suggestion\n")
		w.fill(pick(w.random, codeLines))
		w.add("\n```")
	}
}

func (w *writer) hunk() {
	w.fill("@@ -{n},6 +{n},9 @@ func {func}(ctx context.Context) error {\n")
	for range 2 {
		w.add(" \t")
		w.fill(pick(w.random, codeLines))
		w.add("\n")
	}
	for i := range 1 + w.below(4) {
		if i > 0 {
			w.add("\n")
		}
		w.add("+\t")
		w.fill(pick(w.random, codeLines))
	}
}

func (w *writer) release() {
	w.add("## What's changed\n\n")
	for range 3 + w.below(9) {
		w.add("* ")
		w.fill(pick(w.random, changes))
		w.fill(" by {someone}\n")
	}
	w.fill("\n**Full changelog**: {version}...{version}\n")
}
