package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// promotePoll is how often Promote looks whether the workers of a build are there.
const promotePoll = time.Second

// Promote makes a build the current version of a worker deployment: new work goes to
// its workers, and workflows that run move to it with their next step. It waits
// until workers of the build ask for work of every kind, or ctx ends.
func Promote(ctx context.Context, c client.Client, deployment, build string) error {
	handle := c.WorkerDeploymentClient().GetHandle(deployment)
	tick := time.NewTicker(promotePoll)
	defer tick.Stop()
	for {
		missing, err := missingPollers(ctx, handle, build)
		if err == nil && len(missing) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return fmt.Errorf("no worker of build %s of %s asks for %s: %w", build, deployment, strings.Join(missing, ", "), err)
		case <-tick.C:
		}
	}
	if _, err := handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build}); err != nil {
		return fmt.Errorf("make build %s the current version of %s: %w", build, deployment, err)
	}
	return nil
}

// Current tells whether new work goes to a build. A build that Temporal has not seen
// yet is not current.
func Current(ctx context.Context, c client.Client, deployment, build string) (bool, error) {
	about, err := c.WorkerDeploymentClient().GetHandle(deployment).
		DescribeVersion(ctx, client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at build %s of %s: %w", build, deployment, err)
	}
	return !about.Info.CurrentSinceTime.IsZero(), nil
}

// missingPollers are the kinds of work that no worker of the build has asked for.
func missingPollers(ctx context.Context, handle client.WorkerDeploymentHandle, build string) ([]string, error) {
	missing := []string{"workflows of " + TaskQueue}
	for _, queue := range TaskQueues() {
		missing = append(missing, "steps of "+queue)
	}
	about, err := handle.DescribeVersion(ctx, client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
	if err != nil {
		return missing, err
	}
	for _, queue := range about.Info.TaskQueuesInfos {
		kind := "steps of "
		if queue.Type == client.TaskQueueTypeWorkflow {
			kind = "workflows of "
		}
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == kind+queue.Name })
	}
	return missing, nil
}
