package config

import (
	"errors"
	"fmt"
	"time"
)

// Sweeps says how often every repository is compared with all that GitHub has. The
// worker does it, the API tells when it is due.
type Sweeps struct {
	// SweepEvery is 0 where it is not done by itself.
	SweepEvery time.Duration `env:"HOLDFAST_SWEEP_EVERY" envDefault:"24h"`
}

func (c Sweeps) validateSweeps() error { return notNegative("HOLDFAST_SWEEP_EVERY", c.SweepEvery) }

// Schedules says what else the worker has run by itself.
type Schedules struct {
	// RefreshEvery is how often every repository is synced; 0: only when somebody asks.
	RefreshEvery time.Duration `env:"HOLDFAST_REFRESH_EVERY" envDefault:"0"`
	// DeliveriesEvery is how often failed deliveries are looked for, where there is a hook.
	DeliveriesEvery time.Duration `env:"HOLDFAST_DELIVERIES_EVERY" envDefault:"10m"`
}

// shortestSchedule is the least time between two runs of a schedule: each asks GitHub.
const shortestSchedule = time.Minute

func (c Schedules) validateSchedules() error {
	if c.DeliveriesEvery > 0 && c.DeliveriesEvery < shortestSchedule {
		return fmt.Errorf("HOLDFAST_DELIVERIES_EVERY: %s is shorter than %s", c.DeliveriesEvery, shortestSchedule)
	}
	return errors.Join(notNegative("HOLDFAST_REFRESH_EVERY", c.RefreshEvery), notNegative("HOLDFAST_DELIVERIES_EVERY", c.DeliveriesEvery))
}

func notNegative(name string, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s: %s is below 0; 0 switches it off", name, d)
	}
	return nil
}
