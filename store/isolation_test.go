package store_test

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv"
)

// acrossWorkspaces are the queries whose purpose it is to look at all workspaces, each
// through a view or function that shows little.
var acrossWorkspaces = []string{
	"ConnectionWorkspace", "CountOperations", "CountRepositories", "CountRepositoryStates", "CountWaits", "DeleteDeliveries",
	"AcceptInvitation", "AddUser", "DropChanges", "EndSession", "EnsureChangePartitions", "FindAPIKey", "RefreshSession", "SignIn", "ListWorkspaces", "CreateWorkspace", "DeleteSessions", "ForgetUser", "DropOperationFeed", "Isolated", "ListOpenOperations", "ListUnannounced", "MirrorAges", "StaleSecretWorkspaces",
	"SumChecks", "TryKeepChanges", "LockWorkspaceConnections", "UnknownOperations",
}

// filled is a workspace in which there is something of most kinds.
type filled struct {
	*kept
	operation, connection string
	values                map[string]any // what queries are asked with, by the names of parameters
}

func fill(t *testing.T) *filled {
	t.Helper()
	f := &filled{kept: setupConnections(t)}
	f.operation, f.connection = f.populate(), f.kept.create("one", nil).ID
	f.values = map[string]any{}
	f.remember()
	remembered := f.values
	yes, now := true, time.Now().UTC()
	text := func(s string) *string { return &s }
	f.values = map[string]any{
		"WorkspaceID": workspace, "ID": f.operation, "OperationID": f.operation, "ParentID": f.operation, "OperationIds": []string{f.operation},
		"Holder": f.operation, "RepositoryID": int64(repository), "RepositoryIds": []int64{repository}, "Collection": "labels", "Collections": []string{"labels"},
		"ConnectionID": f.connection, "ConnectionIds": []string{f.connection}, "Fields": []string{"token"}, "Sealed": [][]byte{{1}}, "Key": "1", "Keys": []string{"1"},
		"State": "running", "Allowed": []string{"running"}, "FullName": "o/r", "Name": "one", "Names": []string{"labels"},
		"Guids": []string{"g"}, "Guid": "another", "RowLimit": int32(10), "Scan": int32(10), "Below": int64(1 << 40), "Fence": int64(1), "Version": int64(1),
		"Kinds": []string{"created"}, "Kind": "sync_repository", "Source": "sync", "Numbers": []int64{1}, "Befores": []string{""}, "BeforeBytes": [][]byte{nil},
		"Waiting": json.RawMessage(`{"for":"x","until":"2030-01-01T00:00:00Z"}`), "Forecast": json.RawMessage(`{}`), "Input": json.RawMessage(`{}`),
		"Data": json.RawMessage(`{}`), "Bookmark": json.RawMessage(`{}`), "Cursor": json.RawMessage(`{}`), "Failure": json.RawMessage(`{}`), "Items": json.RawMessage(`[]`),
		"Ids": []string{uuid.NewString()}, "Subjects": []string{"o/r"}, "Inputs": []string{"{}"}, "Subject": "o/r", "Type": "state", "Seq": int64(99),
		"BaseUrl": "https://other/", "InFlight": int32(10), "KeyID": int64(1), "ExpiresAt": &now, "Again": time.Hour, "Succeeded": yes,
		"ParentKeys": []string{"1"}, "Versions": []time.Time{now}, "Past": now.Add(-time.Hour), "Page": int32(1), "IdempotencyKey": "key", "Event": "issues",
		"Repository": "o/r", "Mention": "x", "Hook": "h", "Connection": "default", "MostLooks": int32(3), "Every": time.Duration(0), "Login": "l",
		"Account": "a", "Reason": text("r"), "Message": text("m"), "Repositories": []string{}, "LookedAt": now, "Owner": "o", "Total": int32(3),
	}
	maps.Copy(f.values, remembered)
	return f
}

// populate mirrors a repository with labels, by an operation that goes on.
func (f *filled) populate() (operationID string) {
	f.t.Helper()
	op, created, err := f.CreateOperation(f.t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository, Subject: "o/r",
		Input: json.RawMessage(`{}`), IdempotencyKey: "key", RequestHash: []byte("hash"),
	})
	require.NoError(f.t, err)
	require.True(f.t, created)
	_, _, err = f.StartPlan(f.t.Context(), workspace, op.ID, []string{"repository", "labels"})
	require.NoError(f.t, err)
	f.take(op, "repository")
	f.commit(f.page(op, "repository", 1, `{"id": 42, "full_name": "o/r"}`))
	f.take(op, "labels")
	f.commit(f.page(op, "labels", 1, `{"id": 1, "name": "bug"}`))
	require.NoError(f.t, f.NoteRepository(f.t.Context(), workspace, repository, "o/r"))
	_, err = f.InsertDelivery(f.t.Context(), delivery.Delivery{
		WorkspaceID: workspace, GUID: "g", Connection: "default", Event: "label", RepositoryID: repository, Repository: "o/r",
		Collections: []string{"labels"}, Payload: []byte("{}"),
	})
	require.NoError(f.t, err)
	return op.ID
}

// remember has something of what syncs, sweeps and deliveries leave behind.
func (f *filled) remember() {
	f.t.Helper()
	children := []operation.New{{ID: uuid.Must(uuid.NewV7()).String(), Subject: "o/r", Input: json.RawMessage(`{}`)}}
	require.NoError(f.t, f.CreateChildren(f.t.Context(), workspace, f.operation, operation.KindSyncRepository, children))
	f.exec(`insert into suspects (workspace_id, repository_id, collection, key) values ($1, 42, 'labels', '2')`, workspace)
	f.exec(`insert into item_transfers (workspace_id, repository_id, collection, key, number, to_url) values ($1, 42, 'labels', '3', 3, 'https://x')`, workspace)
	f.exec(`insert into purges (workspace_id, repository_id, collection, key, field, mention, purged_by) values ($1, 42, 'labels', '1', '', 'mention', 'me')`, workspace)
	f.exec(`insert into delivery_looks (workspace_id, connection, hook, looked_at) values ($1, 'default', 'h', now())`, workspace)
	f.exec(`insert into connection_tokens (connection_id, sealed, expires_at) values ($1, 'x', now())`, f.connection)
	f.exec(`insert into listing_pages (workspace_id, repository_id, collection, page, listing, url, etag, next, last, digest, keys)
		values ($1, 42, 'labels', 1, 9, 'u', 'e', '', 1, '', '{1}')`, workspace)
	f.exec(`insert into collection_checks (workspace_id, repository_id, collection, started_at, checked_at, items, missing, extra, different, operation_id)
		values ($1, 42, 'labels', now(), now(), 5, 1, 1, 1, $2)`, workspace, f.operation)
	key := newKey("ours")
	_, err := f.CreateAPIKey(f.t.Context(), key)
	require.NoError(f.t, err)
	event := operation.AuditEvent{ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Action: "POST /v1/syncs"}
	require.NoError(f.t, f.RecordAudit(f.t.Context(), event))
	f.values["EventID"], f.values["key"] = event.ID, key.ID
	f.letIn()
	f.exec(`update repository_states set sweep_due_at = now() - interval '1 hour'`)
}

// letIn has a member with an invitation and an expired session.
func (f *filled) letIn() {
	f.t.Helper()
	member := f.member("ada")
	f.values["UserID"], f.values["member"], f.values["session"] = member.ID, member.ID, uuid.NewString()
	f.exec(`insert into sessions (workspace_id, id, user_id, method, expires_at) values ($1, $2, $3, 'github', now() - interval '2 days')`, workspace, f.values["session"], member.ID)
	f.exec(`insert into invitations (workspace_id, hash, user_id, created_by, expires_at) values ($1, 'x', $2, 'me', now())`, workspace, member.ID)
}

// argument is a query's argument, filled from the values by its fields' names.
func (f *filled) argument(query string, of reflect.Type) reflect.Value {
	f.t.Helper()
	arg := reflect.New(of).Elem()
	if of.Kind() != reflect.Struct {
		name := "WorkspaceID"
		switch {
		case strings.Contains(query, "Connection") && strings.Contains(query, "Token"):
			name = "ConnectionID"
		case of.Kind() == reflect.Int64:
			name = "KeyID"
		}
		arg.Set(reflect.ValueOf(f.values[name]).Convert(of))
		return arg
	}
	for i := range of.NumField() {
		field := of.Field(i)
		value, ok := f.values[field.Name]
		switch {
		case field.Name == "ID" && strings.Contains(query, "Connection"):
			value = f.connection
		case field.Name == "ID" && strings.Contains(query, "Session"):
			value = f.values["session"]
		case field.Name == "ID" && strings.Contains(query, "APIKey"):
			value = f.values["key"]
		}
		if !ok {
			continue
		}
		given := reflect.ValueOf(value)
		switch {
		case given.Type().AssignableTo(field.Type):
			arg.Field(i).Set(given)
		case given.Type().ConvertibleTo(field.Type) && given.Kind() == field.Type.Kind():
			arg.Field(i).Set(given.Convert(field.Type))
		case field.Type.Kind() == reflect.Pointer && given.Type().AssignableTo(field.Type.Elem()):
			arg.Field(i).Set(reflect.New(field.Type.Elem()))
			arg.Field(i).Elem().Set(given)
		}
	}
	return arg
}

// seen tells whether a query's result shows anything.
func seen(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	default:
		return !v.IsZero()
	}
}

// empty are the answers of aggregates and advisory functions to nothing at all.
var empty = map[string]bool{"CountConspicuous": true, "NextDeliveryLook": true, "ListChanges": true}

// ask runs a query as a workspace, in a transaction that is rolled back, and tells
// whether it showed or changed anything of ours.
func (f *filled) ask(query reflect.Method, as string) (showed, changed bool) {
	f.t.Helper()
	ctx := context.WithoutCancel(f.t.Context())
	tx, err := f.pool.Begin(ctx)
	require.NoError(f.t, err)
	defer func() { require.NoError(f.t, tx.Rollback(ctx)) }()
	before := f.fingerprint(tx)
	_, err = tx.Exec(ctx, `select set_config('holdfast.workspace', $1, true), set_config('role', 'holdfast_app', true)`, as)
	require.NoError(f.t, err)
	_, err = tx.Exec(ctx, `savepoint query`)
	require.NoError(f.t, err)
	args := []reflect.Value{reflect.ValueOf(dbsqlc.New()), reflect.ValueOf(ctx), reflect.ValueOf(&tx).Elem()}
	if query.Type.NumIn() == 4 {
		args = append(args, f.argument(query.Name, query.Type.In(3)))
	}
	out := query.Func.Call(args)
	if failure, _ := out[len(out)-1].Interface().(error); failure != nil {
		_, err = tx.Exec(ctx, `rollback to savepoint query`)
		require.NoError(f.t, err)
	} else if len(out) == 2 {
		showed = seen(out[0]) && !(empty[query.Name] && as != workspace)
	}
	_, err = tx.Exec(ctx, `reset role`)
	require.NoError(f.t, err)
	return showed, f.fingerprint(tx) != before
}

// fingerprint stands for all rows of our workspace, as a superuser sees them.
func (f *filled) fingerprint(tx pgx.Tx) (all string) {
	f.t.Helper()
	if f.values["fingerprint"] == nil {
		rows, err := tx.Query(f.t.Context(), `select format('select md5(coalesce(string_agg(t::text, '','' order by t::text), '''')) from %I t where %s', c.relname,
				case when c.relname like 'connection\_%' then 'true' when c.relname = 'users' then 'true' when c.relname = 'workspaces' then format('id = %L', $1::text) else format('workspace_id = %L', $1::text) end)
			from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relrowsecurity order by relname`, workspace)
		require.NoError(f.t, err)
		parts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(f.t, err)
		f.values["fingerprint"] = `select string_agg(p.x, '') from (` + strings.Join(parts, " union all ") + `) as p (x)`
	}
	require.NoError(f.t, tx.QueryRow(f.t.Context(), f.values["fingerprint"].(string)).Scan(&all))
	return all
}

// Every query of the product, asked for our workspace's things with the rights of
// another one, and with none, shows nothing and changes nothing. Most would, with ours.
func TestEveryQueryKeepsWorkspacesApart(t *testing.T) {
	f := fill(t)
	other := f.otherWorkspace()
	queries := reflect.TypeFor[*dbsqlc.Queries]()
	effective, idle := 0, []string{}
	for i := range queries.NumMethod() {
		query := queries.Method(i)
		if slices.Contains(acrossWorkspaces, query.Name) {
			continue
		}
		showed, changed := f.ask(query, workspace)
		if showed || changed {
			effective++
		} else {
			idle = append(idle, query.Name)
		}
		for _, as := range []string{other, ""} {
			showed, changed := f.ask(query, as)
			require.False(t, showed, "%s shows the workspace %s something of another one", query.Name, cmp.Or(as, "that is not set"))
			require.False(t, changed, "%s changes something of another workspace than %s", query.Name, cmp.Or(as, "that is not set"))
		}
	}
	t.Log("without effect in its own workspace, with what this test knows:", idle)
	require.Greater(t, effective, 2*len(idle), "the test is about queries that would do something")
}

// What looks across workspaces is what is listed, and there is no more of it.
func TestOnlyListedQueriesLookAcrossWorkspaces(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	rows, err := pool.Query(t.Context(), `select c.relname::text from pg_class c where c.relkind = 'v' and pg_get_userbyid(c.relowner) = 'holdfast_across'
		union all select p.proname::text from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace order by 1`)
	require.NoError(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{
		"accept_invitation", "add_user", "api_key", "changes_expire", "changes_partition", "check_sums", "connection_secret_keys", "connection_workspace",
		"create_workspace", "delete_deliveries", "delete_sessions", "drop_operation_feed", "end_session", "forget_user", "mirror_ages", "open_operations", "operation_counts", "pending_deliveries", "refresh_session", "repository_counts", "repository_sweeps", "sign_in", "unknown_operations", "wait_counts", "workspace_list",
	}, got)
}
