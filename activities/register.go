package activities

import "go.temporal.io/sdk/worker"

// RegisterGitHub adds the steps that ask GitHub to a worker.
func RegisterGitHub(w worker.ActivityRegistry, s *Sync) {
	w.RegisterActivity(s.PlanSync)
	w.RegisterActivity(s.SyncPages)
}

// RegisterDatabase adds the steps that touch the database only to a worker.
func RegisterDatabase(w worker.ActivityRegistry, s *Sync) {
	w.RegisterActivity(s.FinishOperation)
	w.RegisterActivity(s.IndexSearch)
}
