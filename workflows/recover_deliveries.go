package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
)

// RecoverDeliveriesInput starts RecoverDeliveries.
type RecoverDeliveriesInput struct {
	activities.Recover
}

// RecoverDeliveries has GitHub deliver again what did not arrive at a workspace's
// hooks. A schedule starts it; the next run makes up for one that failed.
func RecoverDeliveries(ctx workflow.Context, in RecoverDeliveriesInput) (activities.Recovered, error) {
	var steps *activities.Deliveries // nil: only its methods' names are used
	var total activities.Recovered
	for {
		stepCtx := stepOptions{
			queue: githubQueue(laneRepair), summary: "Look for deliveries that failed", workspace: in.WorkspaceID, lane: laneRepair,
			timeout: time.Hour, heartbeat: activities.HeartbeatTimeout, attempts: attempts,
		}.in(ctx)
		var found activities.Recovered
		if err := workflow.ExecuteActivity(stepCtx, steps.RecoverDeliveries, in.Recover).Get(ctx, &found); err != nil {
			return total, err
		}
		total.Failed = max(total.Failed, found.Failed)
		total.Redelivered += found.Redelivered
		total.Due += found.Due
		if found.Wait == nil {
			return total, nil
		}
		wait := workflow.TimerOptions{Summary: found.Wait.Reason}
		if err := workflow.NewTimerWithOptions(ctx, max(found.Wait.Pause, shortestPause), wait).Get(ctx, nil); err != nil {
			return total, err
		}
	}
}
