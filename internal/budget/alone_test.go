package budget

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOneProcessWithoutRedis(t *testing.T) {
	t.Parallel()
	l, err := NewLedger(Options{Scale: 0.001})
	require.NoError(t, err)
	defer l.Close()
	a := l.Account("user:1@api.github.com", func(context.Context) (Rates, error) {
		return Rates{Core: {Limit: 10, Left: 5, Reset: time.Hour}}, nil
	})
	a.SetPolicy(Policy{Reserve: Reserve{Requests: 2}})
	for left := int64(4); left >= 2; left-- {
		pass, err := a.Enter(WithFlow(t.Context(), Flow{Lane: LaneInteractive}), Request{})
		require.NoError(t, err)
		require.Nil(t, pass.Leave(t.Context(), Answer{Sent: true, OK: true, Rate: &Rate{Limit: 10, Left: left, Reset: time.Hour}}))
	}
	_, err = a.Enter(t.Context(), Request{})
	var limit *LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, Reserved, limit.Limit)
}
