package activities

import "go.temporal.io/sdk/worker"

// RegisterGitHub adds the steps that ask GitHub to a worker.
func RegisterGitHub(w worker.ActivityRegistry, s *Sync) {
	w.RegisterActivity(s.PlanSync)
	w.RegisterActivity(s.PlanOrganization)
	w.RegisterActivity(s.SyncPages)
}

// RegisterDeliveries adds the steps about webhook deliveries to the workers of the
// database's queue and of GitHub's.
func RegisterDeliveries(d *Deliveries, database worker.ActivityRegistry, github ...worker.ActivityRegistry) {
	database.RegisterActivity(d.ClaimDeliveries)
	database.RegisterActivity(d.SettleDeliveries)
	for _, w := range github {
		w.RegisterActivity(d.RecoverDeliveries)
	}
}

// RegisterDatabase adds the steps that touch the database only to a worker.
func RegisterDatabase(w worker.ActivityRegistry, s *Sync) {
	w.RegisterActivity(s.BeginRepositories)
	w.RegisterActivity(s.SettleRepositories)
	w.RegisterActivity(s.FinishOperation)
	w.RegisterActivity(s.LookAtOperation)
	w.RegisterActivity(s.DueRepositories)
	w.RegisterActivity(s.BeginRepository)
	w.RegisterActivity(s.BeginScheduled)
	w.RegisterActivity(s.CancelScheduled)
	w.RegisterActivity(s.IndexSearch)
}
