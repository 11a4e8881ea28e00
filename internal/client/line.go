package client

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

// statusLine says where the operation as a whole stands.
func statusLine(op operation.Operation) string {
	switch {
	case op.State == "":
		return ""
	case op.Failure != nil:
		return fmt.Sprintf("%s: %s", op.State, op.Failure.Message)
	case op.Waiting != nil:
		return fmt.Sprintf("%s, waiting until %s: %s", op.State, op.Waiting.Until.UTC().Format("15:04:05Z"), op.Waiting.Reason)
	case op.State == operation.StateRunning && op.Forecast != nil:
		return fmt.Sprintf("%s, done at about %s", op.State, op.Forecast.DoneAt.UTC().Format("15:04:05Z"))
	default:
		return string(op.State)
	}
}

// planLine says how much work an operation is, before it begins.
func planLine(op operation.Operation) string {
	f := op.Forecast
	took := time.Duration(f.Seconds * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("about %d requests and %s, for %d items", f.Requests, took, f.Items)
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
