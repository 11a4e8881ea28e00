package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/store"
)

func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	pool, err := store.Open(t.Context(), postgres.Address{URL: testenv.DatabaseURL(t)}, "test", 2)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	var offered bool
	require.NoError(t, pool.QueryRow(t.Context(),
		`select 'lz4' = any (enumvals) from pg_settings where name = 'default_toast_compression'`).Scan(&offered))
	want := map[string]string{"lock_timeout": "15s", "idle_in_transaction_session_timeout": "30s", "default_toast_compression": "pglz"}
	if offered {
		want["default_toast_compression"] = "lz4"
	}
	for name, value := range want {
		var got string
		require.NoError(t, pool.QueryRow(t.Context(), "select current_setting($1)", name).Scan(&got))
		require.Equal(t, value, got, name)
	}
}
