package client

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/holdfast/holdfast/internal/operation"
)

// barWidth is how many columns a bar takes; the text beside it needs the rest of 80.
const barWidth = 26

// Renderer shows an operation's progress while it runs: one bar per collection
// on a terminal, a line for each step elsewhere. It is not safe for concurrent use.
type Renderer struct {
	view view
	last operation.Operation
}

// view is one way to show an operation.
type view interface {
	show(op, before operation.Operation)
	close()
}

// NewRenderer makes a renderer that writes to w; tty tells whether w is a
// terminal that understands cursor movements.
func NewRenderer(w io.Writer, tty bool) *Renderer {
	if tty {
		return &Renderer{view: newBars(w)}
	}
	return &Renderer{view: &lines{w: w, told: map[string]int64{}}}
}

// Render shows op as it is now.
func (r *Renderer) Render(op operation.Operation) {
	r.view.show(op, r.last)
	r.last = op
}

// Close leaves the last picture on the screen and ends the drawing. Call it
// before anything else is written to the same terminal.
func (r *Renderer) Close() { r.view.close() }

// bars draws one bar per collection, and a line below for what is waited for.
type bars struct {
	progress *mpb.Progress
	byName   map[string]*bar
	status   *bar
}

// bar is one bar and what its decorators show. mpb draws from a goroutine of its
// own: what a decorator reads is handed over by updates, never shared.
type bar struct {
	mpb      *mpb.Bar
	note     chan string
	finished bool
}

func newBars(w io.Writer) *bars {
	return &bars{
		progress: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh()),
		byName:   map[string]*bar{},
	}
}

func (b *bars) show(op, _ operation.Operation) {
	for i, c := range op.Collections {
		one, known := b.byName[c.Name]
		if !known {
			one = b.add(i, barStyle(), c.Name)
			b.byName[c.Name] = one
		}
		one.update(c)
	}
	if w := op.Repositories; w != nil {
		one, known := b.byName[repositories]
		if !known {
			one = b.add(len(op.Collections), barStyle(), repositories)
			b.byName[repositories] = one
		}
		one.count(*w)
	}
	if b.status == nil {
		b.status = b.add(1000, mpb.NopStyle(), "")
	}
	b.status.tell(statusLine(op))
}

func barStyle() mpb.BarFillerBuilder {
	return mpb.BarStyle().Lbound("▕").Filler("█").Tip("█").Padding(" ").Rbound("▏")
}

// add draws one more bar, at that place from the top.
func (b *bars) add(place int, style mpb.BarFillerBuilder, name string) *bar {
	one := &bar{note: make(chan string, 1)}
	var note string
	one.mpb = b.progress.New(0, style, mpb.BarPriority(place), mpb.BarWidth(barWidth),
		mpb.PrependDecorators(decor.Name(name, decor.WC{C: decor.DindentRight | decor.DextraSpace, W: 16})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			select {
			case note = <-one.note:
			default:
			}
			return " " + note
		})))
	return one
}

// update brings a collection's bar up to c.
func (b *bar) update(c operation.CollectionWork) {
	b.finished = c.State == operation.CollectionDone || c.State == operation.CollectionSkipped
	total := max(c.Total, c.Items)
	if b.finished {
		// A full bar, also for a collection that holds nothing.
		total = max(c.Items, 1)
	}
	b.tell(barText(c))
	b.mpb.SetTotal(total, false)
	if b.finished {
		b.mpb.SetCurrent(total)
		return
	}
	b.mpb.SetCurrent(c.Items)
}

// count brings the bar of an organization's repositories up to w.
func (b *bar) count(w operation.RepositoryWork) {
	b.finished = w.Ended() >= w.Total
	total := max(w.Total, 1)
	b.tell(repositoriesText(w))
	b.mpb.SetTotal(int64(total), false)
	if b.finished {
		b.mpb.SetCurrent(int64(total))
		return
	}
	b.mpb.SetCurrent(int64(w.Ended()))
}

// tell replaces the text beside the bar; a text not drawn yet is dropped.
func (b *bar) tell(text string) {
	select {
	case <-b.note:
	default:
	}
	b.note <- text
}

func (b *bars) close() {
	for _, one := range b.byName {
		if one.finished {
			one.mpb.SetTotal(-1, true)
		} else {
			one.mpb.Abort(false) // leaves the bar where it stopped
		}
	}
	if b.status != nil {
		b.status.mpb.SetTotal(1, true)
	}
	b.progress.Wait()
}

// lines writes one line for each step that a reader of a log wants to see.
type lines struct {
	w      io.Writer
	told   map[string]int64 // items last told, by collection
	doneAt time.Time        // last told
}

func (l *lines) show(op, before operation.Operation) {
	if op.Forecast != nil && before.Forecast == nil {
		l.line("%s", planLine(op))
	}
	if status := statusLine(op); status != statusLine(before) && l.worthTelling(op, before) {
		l.line("%s", status)
	}
	states := map[string]operation.CollectionState{}
	for _, c := range before.Collections {
		states[c.Name] = c.State
	}
	for _, c := range op.Collections {
		changed := c.State != states[c.Name] && c.State != operation.CollectionPending
		if !changed && c.Items-l.told[c.Name] < max(c.Total/10, 1000) {
			continue
		}
		l.told[c.Name] = c.Items
		l.line("%-16s %-8s %s", c.Name, c.State, collectionLine(c))
	}
	if w := op.Repositories; w != nil {
		ended := int64(w.Ended())
		if w.Ended() == w.Total && l.told[repositories] < ended || ended-l.told[repositories] >= int64(max(w.Total/10, 1)) {
			l.told[repositories] = ended
			l.line("%-16s %s", repositories, repositoriesText(*w))
		}
	}
}

func (l *lines) close() {}

// worthTelling tells whether more has changed than the forecast, or that much: it is
// made anew every few seconds, and a log wants to hear only of what changes plans.
func (l *lines) worthTelling(op, before operation.Operation) bool {
	f := op.Forecast
	if f == nil {
		return true
	}
	other := op.State != before.State || op.Waiting != nil || before.Waiting != nil
	if !other && f.DoneAt.Sub(l.doneAt).Abs() < max(f.DoneAt.Sub(f.At)/5, 10*time.Second) {
		return false
	}
	l.doneAt = f.DoneAt
	return true
}

// line writes one line. A terminal that is gone is no reason to end the work
// that is being watched.
func (l *lines) line(format string, args ...any) {
	fmt.Fprintln(l.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// repositories is the name of the bar of an organization's repositories.
const repositories = "repositories"

// repositoriesText is how far the repositories of an organization are.
func repositoriesText(w operation.RepositoryWork) string {
	text := fmt.Sprintf("%d/%d in sync", w.Done, w.Total)
	if w.Failed > 0 {
		text += fmt.Sprintf(", %d failed", w.Failed)
	}
	if w.Cancelled > 0 {
		text += fmt.Sprintf(", %d cancelled", w.Cancelled)
	}
	return text
}

// IsTerminal tells whether w is a terminal that bars can be drawn on.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(f.Fd()))
}
