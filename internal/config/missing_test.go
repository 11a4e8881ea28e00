package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
)

const (
	needsDatabase = "HOLDFAST_DATABASE_URL must be set: the address of Postgres, like postgres://user:password@host:5432/database"
	needsRedis    = "HOLDFAST_REDIS_URL must be set: the address of Redis, like redis://host:6379/0"
	needsKey      = "HOLDFAST_JWT_PRIVATE_KEY or HOLDFAST_JWT_PUBLIC_KEY must be set: the key that tokens are verified with, base64 of 32 bytes"
)

func TestWhatIsMissingIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	api := func(e config.Environment) error { _, err := config.LoadAPI(e); return err }
	worker := func(e config.Environment) error { _, err := config.LoadWorker(e); return err }
	database := func(e config.Environment) error { _, err := config.LoadDatabase(e); return err }
	for _, tt := range []struct {
		name string
		load func(config.Environment) error
		env  config.Environment
		want []string
	}{
		{"migrations", database, nil, []string{needsDatabase}},
		{"worker", worker, nil, []string{needsDatabase, needsRedis}},
		{"api", api, nil, []string{needsDatabase, needsRedis, needsKey}},
		{"empty is not set", api, config.Environment{"HOLDFAST_DATABASE_URL=", "HOLDFAST_REDIS_URL=", "HOLDFAST_JWT_PUBLIC_KEY="}, []string{needsDatabase, needsRedis, needsKey}},
		{"the key alone", api, complete("HOLDFAST_JWT_PRIVATE_KEY="), []string{needsKey}},
		{"Redis alone", api, complete("HOLDFAST_REDIS_URL="), []string{needsRedis}},
		{"what cannot be read is said afterwards", api, complete("HOLDFAST_REDIS_URL=", "HOLDFAST_DATABASE_MAX_CONNS=s3cret"), []string{needsRedis}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, tt.load(tt.env), strings.Join(tt.want, "\n"))
		})
	}
}

func TestEverythingThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	_, err := config.LoadWorker(complete("HOLDFAST_DATABASE_MAX_CONNS=s3cret", "HOLDFAST_GITHUB_IN_FLIGHT=s3cret"))
	require.ErrorContains(t, err, "HOLDFAST_DATABASE_MAX_CONNS: cannot be read as a int32")
	require.ErrorContains(t, err, "HOLDFAST_GITHUB_IN_FLIGHT: cannot be read as a int")
	require.NotContains(t, err.Error(), "s3cret")
}

func TestPublicKeysThatAreNone(t *testing.T) {
	t.Parallel()
	for _, list := range []string{",", " ", " , ,"} {
		for _, private := range []string{"", seed} {
			_, err := config.LoadAPI(complete("HOLDFAST_JWT_PRIVATE_KEY="+private, "HOLDFAST_JWT_PUBLIC_KEY="+list))
			require.EqualError(t, err, "HOLDFAST_JWT_PUBLIC_KEY: it is set and holds no key", "%q", list)
		}
	}
	c, err := config.LoadAPI(complete("HOLDFAST_JWT_PRIVATE_KEY=", "HOLDFAST_JWT_PUBLIC_KEY="+seed+", "+seed+","))
	require.NoError(t, err, "a comma too many does no harm")
	keys, err := c.Keys()
	require.NoError(t, err)
	require.Len(t, keys, 2)
}
