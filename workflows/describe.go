package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"
)

// describe shows the progress in Temporal's UI.
func (s *syncRun) describe(ctx workflow.Context) {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n", s.in.Subject)
	if s.row.heldLine != "" {
		b.WriteString("\n" + s.row.heldLine + "\n")
	}
	b.WriteString("\n| collection | state | items | of about | written | requests |\n|---|---|--:|--:|--:|--:|\n")
	for _, step := range s.plan.Collections {
		w := s.work[step.Name]
		state := string(w.State)
		if reason := s.waits[step.Name]; reason != "" {
			state = reason
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d |\n", step.Name, state, w.Items, w.Total, w.Written, w.Requests)
	}
	if s.forecast != "" {
		b.WriteString("\n" + s.forecast + "\n")
	}
	if reason := s.waits["plan"]; reason != "" {
		b.WriteString("\n" + reason + "\n")
	}
	if s.footer != "" {
		b.WriteString("\n" + s.footer + "\n")
	}
	workflow.SetCurrentDetails(ctx, b.String())
}
