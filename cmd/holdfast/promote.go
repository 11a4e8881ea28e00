package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/workflows"
)

// versionPatience is how long a worker waits for Temporal to have seen its version
// before it says whether that gets work.
const versionPatience = 20 * time.Second

func newPromoteCommand(p process) *cobra.Command {
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "promote",
		Short: "Send new work to the workers of this build",
		Long: "Makes HOLDFAST_WORKER_BUILD_ID (the binary's version if it is not set) the current version of\n" +
			"HOLDFAST_WORKER_DEPLOYMENT, once its workers are there. Workflows that run go on with them.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, options, err := config.LoadDeployment(p.env)
			if err != nil {
				return err
			}
			if c.DeploymentName == "" {
				return errors.New("HOLDFAST_WORKER_DEPLOYMENT is not set: there are no versions to choose from")
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), patience)
			defer cancel()
			temporal, err := client.NewLazyClient(options)
			if err != nil {
				return fmt.Errorf("make the Temporal client: %w", err)
			}
			defer temporal.Close()
			if err := workflows.Promote(ctx, temporal, c.DeploymentName, buildID(c)); err != nil {
				return err
			}
			fmt.Fprintf(p.stdout, "Build %s is the current version of %s.\n", buildID(c), c.DeploymentName)
			return nil
		},
	}
	cmd.Flags().DurationVar(&patience, "wait", time.Minute, "how long to wait for the workers of the build")
	return cmd
}

// tellVersion says whether this build gets work: one that nobody promoted waits for
// nothing, silently.
func tellVersion(ctx context.Context, c config.Deployment, s *services) {
	log := s.log.With("deployment", c.DeploymentName, "build_id", buildID(c))
	select {
	case <-ctx.Done():
		return
	case <-time.After(versionPatience):
	}
	current, err := workflows.Current(ctx, s.temporal, c.DeploymentName, buildID(c))
	switch {
	case err != nil:
		log.WarnContext(ctx, "whether this build gets work is not known", "error", err)
	case current:
		log.InfoContext(ctx, "this build is the deployment's current version")
	default:
		log.WarnContext(ctx, "this build gets no work until it is promoted: holdfast worker promote")
	}
}
