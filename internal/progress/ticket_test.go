package progress

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func setupTickets(tb testing.TB) (*Tickets, *miniredis.Miniredis) {
	tb.Helper()
	server := miniredis.RunT(tb)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	tb.Cleanup(func() { require.NoError(tb, client.Close()) })
	return NewTickets(client), server
}

func TestATicketIsGoodOnce(t *testing.T) {
	t.Parallel()
	office, server := setupTickets(t)
	made, err := office.Issue(t.Context(), "the token")
	require.NoError(t, err)
	for _, key := range server.Keys() {
		value, err := server.Get(key)
		require.NoError(t, err)
		require.NotContains(t, key+value, "the token")
		require.NotContains(t, key+value, made[4:])
		require.Equal(t, TicketLifetime, server.TTL(key))
	}
	token, err := office.Redeem(t.Context(), made)
	require.NoError(t, err)
	require.Equal(t, "the token", token)
	_, err = office.Redeem(t.Context(), made)
	require.ErrorIs(t, err, ErrTicket)
}

func TestATicketIsGoodForSeconds(t *testing.T) {
	t.Parallel()
	office, server := setupTickets(t)
	made, err := office.Issue(t.Context(), "the token")
	require.NoError(t, err)
	server.FastForward(TicketLifetime + time.Second)
	_, err = office.Redeem(t.Context(), made)
	require.ErrorIs(t, err, ErrTicket)
}

func TestOtherTicketsAreRefused(t *testing.T) {
	t.Parallel()
	office, _ := setupTickets(t)
	made, err := office.Issue(t.Context(), "the token")
	require.NoError(t, err)
	for _, other := range []string{"", "hft_", made[4:], made + "A", made[:len(made)-1], "hft_" + strings.Repeat("A", 43), strings.ToUpper(made)} {
		_, err := office.Redeem(t.Context(), other)
		require.ErrorIs(t, err, ErrTicket, other)
	}
}

func TestWithoutRedisThereAreNoTickets(t *testing.T) {
	t.Parallel()
	office, server := setupTickets(t)
	made, err := office.Issue(t.Context(), "the token")
	require.NoError(t, err)
	server.Close()
	_, err = office.Issue(t.Context(), "the token")
	require.Error(t, err)
	_, err = office.Redeem(t.Context(), made)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrTicket)
}

func FuzzTicket(f *testing.F) {
	office, _ := setupTickets(f)
	for _, seed := range []string{"", "hft_", "hft_" + strings.Repeat("A", 43), "hft_" + strings.Repeat("_", 43)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := office.Redeem(context.WithoutCancel(t.Context()), text)
		require.ErrorIs(t, err, ErrTicket, "nobody guesses a ticket")
	})
}
