package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// leaseTime outlives any test; after it, what a killed process held is free.
	leaseTime = 30 * time.Minute
	// fewestDatabases is what a Redis has that does not say how many.
	fewestDatabases = 16
)

// Redis is a client of an empty Redis that is the test's own: a logical database of
// the shared server, leased in database 0 and emptied before and after. Keys,
// streams and scripts of other tests are out of reach. Channels of PUBLISH are not:
// Redis has one set of them for all its databases, so their names must be unique.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(RedisURL(t))
	if err != nil {
		t.Fatalf("read the test Redis's URL: %v", err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() {
		if err := client.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
			t.Errorf("close the test's Redis client: %v", err)
		}
	})
	return client
}

// RedisURL addresses what [Redis] is a client of.
func RedisURL(t testing.TB) string {
	t.Helper()
	server := serverURL(t, redisVariable, startRedis)
	options, err := redis.ParseURL(server)
	if err != nil {
		t.Fatalf("read the Redis server's URL: %v", err)
	}
	options.DB = 0
	admin := redis.NewClient(options)
	ctx := setupContext(t)
	database, release, err := leaseDatabase(ctx, admin)
	if err != nil {
		t.Fatalf("lease a Redis database: %v", errors.Join(err, admin.Close()))
	}
	t.Cleanup(func() {
		if err := errors.Join(release(setupContext(t)), admin.Close()); err != nil {
			t.Errorf("give back a Redis database: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("read the Redis server's URL: %v", err)
	}
	u.Path = "/" + strconv.Itoa(database)
	return u.String()
}

// leaseDatabase takes a free logical database, waiting for one if need be.
func leaseDatabase(ctx context.Context, admin *redis.Client) (database int, release func(context.Context) error, err error) {
	count := databaseCount(ctx, admin)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		turn, err := admin.Incr(ctx, "testenv:turn").Result()
		if err != nil {
			return 0, nil, fmt.Errorf("ask Redis: %w", err)
		}
		database := 1 + int(turn%int64(count-1))
		lease := fmt.Sprintf("testenv:lease:%d", database)
		taken, err := admin.SetNX(ctx, lease, 1, leaseTime).Result()
		if err != nil {
			return 0, nil, fmt.Errorf("ask Redis: %w", err)
		}
		if taken {
			release := func(ctx context.Context) error {
				return errors.Join(flush(ctx, admin, database), admin.Del(ctx, lease).Err())
			}
			return database, release, flush(ctx, admin, database)
		}
		select {
		case <-ctx.Done():
			return 0, nil, fmt.Errorf("all %d databases are leased: %w", count-1, ctx.Err())
		case <-tick.C:
		}
	}
}

// databaseCount asks how many there are; miniredis and managed servers do not tell.
func databaseCount(ctx context.Context, admin *redis.Client) int {
	values, err := admin.ConfigGet(ctx, "databases").Result()
	if err != nil {
		return fewestDatabases
	}
	count, err := strconv.Atoi(values["databases"])
	if err != nil || count < 2 {
		return fewestDatabases
	}
	return count
}

// flush empties one database over a connection of its own.
func flush(ctx context.Context, admin *redis.Client, database int) error {
	options := *admin.Options()
	options.DB = database
	client := redis.NewClient(&options)
	if err := client.FlushDB(ctx).Err(); err != nil {
		return errors.Join(fmt.Errorf("empty Redis database %d: %w", database, err), client.Close())
	}
	return client.Close()
}
