package auth

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

func TestCacheEndsWithTheToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c, voucher := NewCache(0), new(Voucher)
	ada := Identity{Subject: "ada", ExpiresAt: now.Add(time.Hour)}
	c.Put("one", ada, voucher, now)
	for name, at := range map[string]time.Time{"at once": now, "to the end": now.Add(time.Hour - 1)} {
		got, ok := c.Get("one", at)
		require.True(t, ok, name)
		require.Equal(t, ada, got)
	}
	_, ok := c.Get("another", now)
	require.False(t, ok)
	_, ok = c.Get("one", now.Add(-time.Second))
	require.False(t, ok, "the clock was set back: nobody has looked at nbf")
	_, ok = c.Get("one", now.Add(time.Hour))
	require.False(t, ok, "it has expired")
	require.Zero(t, c.Len(), "and is not kept")
	c.Put("late", ada, voucher, now.Add(time.Hour))
	c.Put("endless", Identity{Subject: "ada"}, voucher, now)
	require.Zero(t, c.Len())
}

func TestCacheForgetsWhatAKeyVouchedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c, old, next := NewCache(0), new(Voucher), new(Voucher)
	identity := Identity{Subject: "ada", ExpiresAt: now.Add(time.Hour)}
	c.Put("old", identity, old, now)
	c.Put("next", identity, next, now)
	old.Withdraw()
	_, ok := c.Get("old", now)
	require.False(t, ok)
	_, ok = c.Get("next", now)
	require.True(t, ok)
	c.Put("old", identity, old, now) // who was verifying when the key was dropped
	_, ok = c.Get("old", now)
	require.False(t, ok)
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c, voucher := NewCache(3), new(Voucher)
	for i := range 3 {
		c.Put(strconv.Itoa(i), Identity{Subject: strconv.Itoa(i), ExpiresAt: now.Add(time.Hour)}, voucher, now)
	}
	_, ok := c.Get("0", now)
	require.True(t, ok)
	c.Put("3", Identity{Subject: "3", ExpiresAt: now.Add(time.Hour)}, voucher, now)
	require.Equal(t, 3, c.Len())
	_, ok = c.Get("1", now)
	require.False(t, ok, "the least recently shown one made room")
	for _, token := range []string{"0", "2", "3"} {
		got, ok := c.Get(token, now)
		require.True(t, ok, token)
		require.Equal(t, token, got.Subject)
	}
	c.Put("3", Identity{Subject: "again", ExpiresAt: now.Add(time.Hour)}, voucher, now)
	require.Equal(t, 3, c.Len())
}

func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := NewCache(8)
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range 500 {
				token, voucher := strconv.Itoa((worker+i)%16), new(Voucher)
				c.Put(token, Identity{Subject: token, ExpiresAt: now.Add(time.Hour)}, voucher, now)
				if got, ok := c.Get(token, now); ok && got.Subject != token {
					panic("another's identity") // require may not end another goroutine
				}
				voucher.Withdraw()
			}
		})
	}
	wait.Wait()
	require.LessOrEqual(t, c.Len(), 8)
}

// A token that was verified before is refused as one that was not, once it has expired.
func TestVerifiedTokensExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token, err := b.issuer.Issue(b.grant())
	require.NoError(t, err)
	first, err := b.verifier.Verify(token)
	require.NoError(t, err)
	require.Equal(t, 1, b.verifier.cache.Len())
	again, err := b.verifier.Verify(token)
	require.NoError(t, err)
	require.Equal(t, first, again)
	b.now = b.now.Add(time.Hour)
	_, err = b.verifier.Verify(token)
	require.NoError(t, err, "clocks may differ")
	b.now = b.now.Add(Leeway)
	_, err = b.verifier.Verify(token)
	require.ErrorIs(t, err, ErrExpired)
	require.Zero(t, b.verifier.cache.Len())
}

func TestWhatIsRefusedIsNotRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good, err := b.issuer.Issue(b.grant())
	require.NoError(t, err)
	for _, token := range []string{good + "A", strings.Repeat("a", MaxToken+1), b.sign(t, jwt.SigningMethodEdDSA, testKey(2), nil, nil)} {
		_, err := b.verifier.Verify(token)
		require.Error(t, err)
	}
	_, err = b.verifier.Verify(strings.Repeat("a", MaxToken+1))
	require.ErrorIs(t, err, ErrMalformed)
	require.Zero(t, b.verifier.cache.Len())
}

func BenchmarkVerify(b *testing.B) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	v, err := NewVerifier(clock, PublicKey(testKey(1)))
	require.NoError(b, err)
	token, err := NewIssuer(testKey(1), clock).Issue(Grant{Subject: "ops@example.com", WorkspaceID: workspace, Role: RoleOperator, TTL: time.Hour})
	require.NoError(b, err)
	for name, verify := range map[string]func(string) (Identity, error){"signature": v.verify, "remembered": v.Verify} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
