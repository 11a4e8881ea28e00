package client

import (
	"fmt"
	"io"
	"os"
	"strings"

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
			one = b.add(i, mpb.BarStyle().Lbound("▕").Filler("█").Tip("█").Padding(" ").Rbound("▏"), c.Name)
			b.byName[c.Name] = one
		}
		one.update(c)
	}
	if b.status == nil {
		b.status = b.add(1000, mpb.NopStyle(), "")
	}
	b.status.tell(statusLine(op))
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
	w    io.Writer
	told map[string]int64 // items last told, by collection
}

func (l *lines) show(op, before operation.Operation) {
	if status := statusLine(op); status != statusLine(before) {
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
}

func (l *lines) close() {}

// line writes one line. A terminal that is gone is no reason to end the work
// that is being watched.
func (l *lines) line(format string, args ...any) {
	fmt.Fprintln(l.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// statusLine says where the operation as a whole stands.
func statusLine(op operation.Operation) string {
	switch {
	case op.State == "":
		return ""
	case op.Failure != nil:
		return fmt.Sprintf("%s: %s", op.State, op.Failure.Message)
	case op.Waiting != nil:
		return fmt.Sprintf("%s, waiting until %s: %s", op.State, op.Waiting.Until.UTC().Format("15:04:05Z"), op.Waiting.Reason)
	default:
		return string(op.State)
	}
}

// barText is a collection's figures beside its bar: short, for 80 columns.
func barText(c operation.CollectionWork) string {
	switch {
	case c.State == operation.CollectionPending:
		return ""
	case c.State == operation.CollectionSkipped:
		return "skipped: " + c.Note
	case c.State == operation.CollectionDone:
		return fmt.Sprintf("%d in %d requests", c.Items, c.Requests)
	case c.Total > 0:
		return fmt.Sprintf("%d/%d in %d requests", c.Items, max(c.Total, c.Items), c.Requests)
	default:
		return fmt.Sprintf("%d in %d requests", c.Items, c.Requests)
	}
}

// collectionLine is a collection's figures in words.
func collectionLine(c operation.CollectionWork) string {
	if c.State == operation.CollectionPending {
		return ""
	}
	var b strings.Builder
	if c.Total > 0 && c.State == operation.CollectionRunning {
		fmt.Fprintf(&b, "%d of about %d items", c.Items, max(c.Total, c.Items))
	} else {
		fmt.Fprintf(&b, "%d items", c.Items)
	}
	fmt.Fprintf(&b, ", %d written, %d requests", c.Written, c.Requests)
	if c.Note != "" {
		b.WriteString(" (" + c.Note + ")")
	}
	return b.String()
}

// IsTerminal tells whether w is a terminal that bars can be drawn on.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(f.Fd()))
}
