package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// left is what a run leaves behind, by where that is, with something that must be there.
func (r *secretRun) left() map[string]trace {
	t := r.t
	t.Helper()
	token := r.ids["token"]
	histories, attributes := r.histories()
	all := map[string]trace{
		"answers of the API": {r.answers.text.Bytes(), `"account":"user:12@`},
		"histories":          {histories, "SyncRepository"},
		"visibility":         {attributes, "HoldfastRepository"},
		"spans":              {r.spans(), "POST /v1/connections"},
		"reports to Sentry":  {r.sentry.text.Bytes(), "operation_collections"},
		"Redis":              {r.redis(), "user:12@"},
	}
	for name, raw := range r.dump() {
		all["the table "+name] = trace{raw, ""}
	}
	all["the table connections"] = trace{all["the table connections"].text, token}
	logs, err := filepath.Glob(filepath.Join(r.dir, "*.log"))
	require.NoError(t, err)
	require.Len(t, logs, 2)
	for _, path := range logs {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		all["the log "+filepath.Base(path)] = trace{raw, "configuration"}
	}
	return all
}

// trace is a text, and what it holds at least.
type trace struct {
	text  []byte
	holds string
}

// histories are those of all workflows, and what Temporal finds them by.
func (r *secretRun) histories() (histories, attributes []byte) {
	t := r.t
	t.Helper()
	found, err := r.temporal().ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000})
	require.NoError(t, err)
	require.NotEmpty(t, found.GetExecutions())
	for _, info := range found.GetExecutions() {
		attributes = append(attributes, binaryAndText(t, info)...)
		histories = append(histories, binaryAndText(t, r.historySoFar(info.GetExecution().GetWorkflowId()))...)
	}
	return histories, attributes
}

// binaryAndText are both encodings: in JSON values are base64 of what they are.
func binaryAndText(t *testing.T, m proto.Message) []byte {
	t.Helper()
	binary, err := proto.Marshal(m)
	require.NoError(t, err)
	text, err := protojson.Marshal(m)
	require.NoError(t, err)
	return append(binary, text...)
}

func (r *secretRun) spans() (all []byte) {
	r.otlp.mu.Lock()
	defer r.otlp.mu.Unlock()
	for _, s := range r.otlp.spans {
		all = append(all, binaryAndText(r.t, s.Span)...)
	}
	return all
}

// dump are all tables, each as text, and as Postgres itself writes its values.
func (r *secretRun) dump() map[string][]byte {
	t := r.t
	t.Helper()
	rows, err := r.pool.Query(t.Context(), `select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace = 'public'::regnamespace`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(names), 40)
	tables := map[string][]byte{}
	conn, err := pgx.Connect(t.Context(), r.databaseURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	for _, name := range names {
		var raw bytes.Buffer
		for _, format := range []string{"text", "binary"} {
			_, err := conn.PgConn().CopyTo(t.Context(), &raw, fmt.Sprintf("copy %s to stdout (format %s)", name, format))
			require.NoError(t, err)
		}
		tables[name] = raw.Bytes()
	}
	return tables
}

// redis is all that Redis holds.
func (r *secretRun) redis() []byte {
	t := r.t
	t.Helper()
	options, err := redis.ParseURL(r.redisURL)
	require.NoError(t, err)
	c := redis.NewClient(options)
	defer func() { require.NoError(t, c.Close()) }()
	var all bytes.Buffer
	keys := c.Scan(t.Context(), 0, "*", 1000).Iterator()
	for keys.Next(t.Context()) {
		key := keys.Val()
		kind, err := c.Type(t.Context(), key).Result()
		require.NoError(t, err)
		read := map[string][]any{
			"string": {"get", key}, "hash": {"hgetall", key}, "list": {"lrange", key, 0, -1}, "set": {"smembers", key},
			"zset": {"zrange", key, 0, -1, "withscores"}, "stream": {"xrange", key, "-", "+"},
		}[kind]
		require.NotEmpty(t, read, "a key of the type %s", kind)
		value, err := c.Do(t.Context(), read...).Result()
		require.NoError(t, err)
		fmt.Fprintf(&all, "%s %v\n", key, value)
	}
	require.NoError(t, keys.Err())
	return all.Bytes()
}
