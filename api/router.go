package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/holdfast/holdfast/internal/auth"
)

// router is every route of the API, and the document that describes them.
func (a *API) router() (chi.Router, *huma.OpenAPI) {
	r := chi.NewRouter()
	r.Use(a.identify, a.observe(), nameRoute, a.logAccess, a.recoverPanic, secure, a.crossOrigin, a.keepablePath, strictQuery, middleware.GetHead)
	r.NotFound(a.notFound)
	r.MethodNotAllowed(a.methodNotAllowed(r))

	config := newConfig(a.opts.Version)
	open := group(r.With(a.limitTime), config)
	// These show those who may see some repositories only what they may: see visibleTo.
	part := group(r.With(noStore, a.authenticate, a.throttled, a.limitTime), config)
	// These keep their idempotency keys with the operations that they make; the others keep their answers.
	start := group(r.With(noStore, a.authenticate, a.throttled, a.audited, requireRole(auth.RoleOperator), a.limitTime), config)
	writePart := group(r.With(noStore, a.authenticate, a.throttled, a.audited, requireRole(auth.RoleOperator), a.limitTime, a.idempotent), config)
	read := group(r.With(noStore, a.authenticate, a.throttled, wholeWorkspace, a.limitTime), config)
	admin := group(r.With(noStore, a.authenticate, a.throttled, a.audited, requireRole(auth.RoleAdmin), wholeWorkspace, a.limitTime, a.idempotent), config)

	addOperations(a, start, part, writePart)
	a.addStreams(r, config)
	addSchedules(a, part, writePart)

	add(part, http.MethodGet, "/v1/repositories", listRepositoriesSpec(), a.listRepositories)
	add(part, http.MethodGet, "/v1/repositories/{owner}/{name}/status", repositoryStatusSpec(), a.repositoryStatus)
	add(part, http.MethodGet, "/v1/repositories/{owner}/{name}/{collection}/{item}/history", itemHistorySpec(), a.itemHistory)
	add(admin, http.MethodPost, "/v1/repositories/{owner}/{name}/purge", purgeSpec(), a.purge)
	add(read, http.MethodGet, "/v1/drift", driftSpec(), a.drift)
	add(part, http.MethodGet, "/v1/changes", listChangesSpec(), a.listChanges)

	addKeys(a, admin)
	addMembers(a, part, admin)
	addEntrances(a, group(r.With(noStore, a.entrance, a.limitTime), config))
	a.addWorkspaces(r, config)
	add(admin, http.MethodGet, "/v1/audit", listAuditSpec(), a.listAudit)
	addConnections(a, read, admin)
	r.With(noStore).Post("/v1/webhooks/{connection}", a.receiveDelivery)
	describe(open, http.MethodPost, "/v1/webhooks/{connection}", webhookSpec(config))

	a.addCodec(r, config)

	add(open, http.MethodGet, "/.well-known/jwks.json", jwksSpec(), a.jwks)
	add(open, http.MethodGet, problemPath+"{code}", problemKindSpec(), a.problemKind)
	add(open, http.MethodGet, "/healthz", livenessSpec(), a.liveness)
	add(open, http.MethodGet, "/readyz", readinessSpec(), a.readiness)

	r.Get("/openapi.json", a.openAPIJSON)
	r.Get("/openapi.yaml", a.openAPIYAML)
	r.Get("/asyncapi.json", a.asyncAPIJSON)
	r.Get("/docs", a.docs)
	r.Get("/docs/{file}", a.docs)
	for path, spec := range documentSpecs(config) {
		describe(open, http.MethodGet, path, spec)
	}
	return r, config.OpenAPI
}

// addWorkspaces routes what is about all workspaces.
func (a *API) addWorkspaces(r chi.Router, config huma.Config) {
	own := a.requireInstallation("Only an admin of the installation's first workspace may administer workspaces.")
	install := group(r.With(noStore, a.authenticate, a.throttled, a.audited, requireRole(auth.RoleAdmin), wholeWorkspace, own, a.limitTime, a.idempotent), config)
	add(install, http.MethodGet, "/v1/workspaces", listWorkspacesSpec(), a.listWorkspaces)
	add(install, http.MethodPost, "/v1/workspaces", createWorkspaceSpec(), a.createWorkspace)
}

// addStreams routes what tells what happens while it does.
func (a *API) addStreams(r chi.Router, config huma.Config) {
	audited := group(r.With(noStore, a.authenticate, a.throttled, a.audited, a.limitTime), config)
	r.With(noStore, a.authenticate, a.throttled).Get("/v1/operations/{id}/stream", a.stream)
	describe(audited, http.MethodGet, "/v1/operations/{id}/stream", streamSpec(config))
	r.With(noStore, a.admitTicket, a.authenticate, a.throttled).Get("/v1/stream", a.live)
	describe(audited, http.MethodGet, "/v1/stream", liveSpec(config))
	add(audited, http.MethodPost, "/v1/stream/tickets", issueTicketSpec(), a.issueTicket)
}

// addCodec routes what makes readable what Temporal keeps.
func (a *API) addCodec(r chi.Router, config huma.Config) {
	own := a.requireInstallation("Only the installation's own workspace may read what Temporal keeps.")
	installation := r.With(noStore, a.authenticate, a.throttled, a.audited, requireRole(auth.RoleAdmin), wholeWorkspace, own, a.limitTime)
	codec := group(r.With(noStore, a.resumeSession, a.authenticate, a.throttled, requireRole(auth.RoleAdmin), wholeWorkspace, own, a.limitTime), config)
	add(codec, http.MethodPost, "/v1/codec/decode", codecSpec(config, "decode-payloads", "Decode what Temporal keeps"), a.decodePayloads)
	add(codec, http.MethodPost, "/v1/codec/encode", codecSpec(config, "encode-payloads", "Encode what Temporal shall keep"), a.encodePayloads)
	installation.Post("/v1/codec/session", a.startSession)
	describe(codec, http.MethodPost, "/v1/codec/session", startSessionSpec(config))
	installation.Delete("/v1/codec/session", a.endSession)
	describe(codec, http.MethodDelete, "/v1/codec/session", endSessionSpec(config))
}

// addOperations routes what starts, shows and steers long work.
func addOperations(a *API, start, part, writePart huma.API) {
	add(start, http.MethodPost, "/v1/syncs", startSyncSpec(), a.startSync)

	add(part, http.MethodGet, "/v1/operations", listOperationsSpec(), a.listOperations)
	add(part, http.MethodGet, "/v1/operations/{id}", getOperationSpec(), a.getOperation)
	add(writePart, http.MethodPost, "/v1/operations/{id}/cancel", cancelOperationSpec(), a.cancelOperation)
	add(writePart, http.MethodPost, "/v1/operations/{id}/pause", pauseOperationSpec(), a.pauseOperation)
	add(writePart, http.MethodPost, "/v1/operations/{id}/resume", resumeOperationSpec(), a.resumeOperation)
	add(writePart, http.MethodPost, "/v1/operations/{id}/approve", approveOperationSpec(), a.approveOperation)
	add(writePart, http.MethodPost, "/v1/operations/{id}/reject", rejectOperationSpec(), a.rejectOperation)
	add(start, http.MethodPost, "/v1/operations/{id}/retry", retryOperationSpec(), a.retryOperation)
}

// addSchedules routes what is about operations that are asked for again and again.
func addSchedules(a *API, part, writePart huma.API) {
	add(part, http.MethodGet, "/v1/schedules", listSchedulesSpec(), a.listSchedules)
	add(writePart, http.MethodPost, "/v1/schedules", createScheduleSpec(), a.createSchedule)
	add(part, http.MethodGet, "/v1/schedules/{id}", getScheduleSpec(), a.getSchedule)
	add(writePart, http.MethodPatch, "/v1/schedules/{id}", changeScheduleSpec(), a.changeSchedule)
	add(part, http.MethodGet, "/v1/schedules/{id}/runs", listRunsSpec(), a.listRuns)
	add(writePart, http.MethodPost, "/v1/schedules/{id}/backfill", backfillScheduleSpec(), a.backfillSchedule)
	add(writePart, http.MethodDelete, "/v1/schedules/{id}", deleteScheduleSpec(), a.deleteSchedule)
	add(writePart, http.MethodPost, "/v1/schedules/{id}/pause", pauseScheduleSpec(), a.pauseSchedule)
	add(writePart, http.MethodPost, "/v1/schedules/{id}/resume", resumeScheduleSpec(), a.resumeSchedule)
	add(writePart, http.MethodPost, "/v1/schedules/{id}/trigger", triggerScheduleSpec(), a.triggerSchedule)
}

// addKeys routes what is about the keys of this API.
func addKeys(a *API, admin huma.API) {
	add(admin, http.MethodGet, "/v1/keys", listKeysSpec(), a.listKeys)
	add(admin, http.MethodPost, "/v1/keys", createKeySpec(), a.createKey)
	add(admin, http.MethodGet, "/v1/keys/{id}", getKeySpec(), a.getKey)
	add(admin, http.MethodDelete, "/v1/keys/{id}", revokeKeySpec(), a.revokeKey)
}

// addMembers routes what is about the people whom the workspace lets in.
func addMembers(a *API, part, admin huma.API) {
	add(part, http.MethodGet, "/v1/me", meSpec(), a.me)
	add(admin, http.MethodPost, "/v1/members", addMemberSpec(), a.addMember)
	add(admin, http.MethodGet, "/v1/members", listMembersSpec(), a.listMembers)
	add(admin, http.MethodPatch, "/v1/members/{id}", changeMemberSpec(), a.changeMember)
	add(admin, http.MethodDelete, "/v1/members/{id}", removeMemberSpec(), a.removeMember)
	add(admin, http.MethodGet, "/v1/members/{id}/sessions", listSessionsSpec(), a.listSessions)
	add(admin, http.MethodDelete, "/v1/members/{id}/sessions", endSessionsSpec(), a.endSessions)
	add(admin, http.MethodGet, "/v1/members/{id}", getMemberSpec(), a.getMember)
	add(admin, http.MethodPost, "/v1/members/{id}/invitations", inviteMemberSpec(), a.inviteMember)
}

// addEntrances routes how people come in, who have no token yet.
func addEntrances(a *API, enter huma.API) {
	add(enter, http.MethodPost, "/v1/token", tokenSpec(), a.exchangeToken)
	add(enter, http.MethodPost, "/v1/token/revoke", revokeTokenSpec(), a.revokeToken)
	add(enter, http.MethodGet, "/v1/sign-in/github", beginSignInSpec(), a.beginSignIn)
	add(enter, http.MethodGet, "/v1/sign-in/github/callback", finishSignInSpec(), a.finishSignIn)
}

// addConnections routes what is about GitHub's credentials and their limits.
func addConnections(a *API, read, admin huma.API) {
	add(read, http.MethodGet, "/v1/connections", listConnectionsSpec(), a.listConnections)
	add(admin, http.MethodPost, "/v1/connections", createConnectionSpec(), a.createConnection)
	add(read, http.MethodGet, "/v1/connections/{id}", getConnectionSpec(), a.getConnection)
	add(admin, http.MethodPatch, "/v1/connections/{id}", changeConnectionSpec(), a.changeConnection)
	add(admin, http.MethodDelete, "/v1/connections/{id}", deleteConnectionSpec(), a.deleteConnection)
	add(admin, http.MethodPost, "/v1/connections/{id}/check", checkConnectionSpec(), a.checkConnection)
	add(read, http.MethodGet, "/v1/budgets", budgetsSpec(), a.budgets)
}

// group is routes that share their middleware and the one document.
func group(r chi.Router, config huma.Config) huma.API { return humachi.New(r, config) }

// add routes an operation to its handler and describes it. Every query string may
// be refused, every body too, and everything may go wrong.
func add[I, O any](g huma.API, method, path string, spec huma.Operation, handler func(context.Context, *I) (*O, error)) {
	spec.Method, spec.Path = method, path
	if spec.MaxBodyBytes == 0 {
		spec.MaxBodyBytes = maxBody
	}
	spec.Errors = append(spec.Errors, http.StatusUnprocessableEntity, http.StatusInternalServerError)
	if takesBody(reflect.TypeFor[I]()) {
		spec.Middlewares = append(spec.Middlewares, jsonBody)
		spec.Errors = append(spec.Errors, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if method == http.MethodPost && keepsAnswers(path, reflect.TypeFor[I]()) {
		spec.Parameters = append(spec.Parameters, keyParam())
		spec.Errors = append(spec.Errors, http.StatusConflict, http.StatusRequestTimeout)
	}
	if spec.Security != nil {
		spec.Errors = append(spec.Errors, http.StatusTooManyRequests)
	}
	huma.Register(g, spec, handler)
}

// describe describes an operation whose handler is routed without huma.
func describe(g huma.API, method, path string, spec huma.Operation) {
	spec.Method, spec.Path = method, path
	g.OpenAPI().AddOperation(&spec)
}
