package chaos_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/chaos"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/githubsim/upheaval"
)

// A seed that is printed after a failure has to make the same plan again.
func TestASeedIsItsPlan(t *testing.T) {
	t.Parallel()
	for seed := range 50 {
		plan := chaos.NewPlan(seed, chaos.SideBySide)
		require.Equal(t, plan, chaos.NewPlan(seed, chaos.SideBySide))
		require.NotEqual(t, plan.Sites, chaos.NewPlan(seed+1000, chaos.SideBySide).Sites)
		require.Equal(t, chaos.SideBySide, plan.Sequences())
		for _, site := range plan.Sites {
			require.Len(t, site.Rounds, len(plan.Rounds))
		}
	}
}

// Between them a few dozen plans have everything in them that can happen.
func TestPlansHaveEverything(t *testing.T) {
	t.Parallel()
	actions, faults, victims, outages := map[string]bool{}, map[githubsim.FaultKind]bool{}, map[chaos.Victim]bool{}, map[chaos.OutageKind]bool{}
	for seed := range 100 {
		plan := chaos.NewPlan(seed, chaos.SideBySide)
		for n, weather := range plan.Rounds {
			for _, f := range weather.Faults {
				faults[f.Kind] = true
			}
			for _, k := range weather.Kills {
				victims[k.Victim] = true
			}
			for _, site := range plan.Sites {
				outages[site.Rounds[n].Outage.Kind] = true
				for _, e := range site.Rounds[n].Events {
					actions[e.Action.Name] = true
				}
			}
		}
		require.NotEmpty(t, plan.String())
	}
	require.Len(t, actions, len(upheaval.Names()))
	require.Len(t, faults, 8)
	require.Len(t, victims, 3)
	require.Len(t, outages, 3, "none among them")
}
