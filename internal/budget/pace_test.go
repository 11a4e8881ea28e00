package budget

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPaceTellsWhatAMinuteHasLeft(t *testing.T) {
	t.Parallel()
	l, err := NewLedger(Options{Scale: 0.5, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	a := l.Account(account, func(context.Context) (Rates, error) { return Rates{}, nil })
	for _, request := range []Request{{}, {}, {Write: true}, {Resource: GraphQL}} {
		pass, err := a.Enter(t.Context(), request)
		require.NoError(t, err)
		require.Nil(t, pass.Leave(t.Context(), Answer{Sent: true, OK: true}))
	}
	p := a.Pace()
	require.Equal(t, 30*time.Second, p.Minute)
	require.EqualValues(t, 855, p.PerMinute, "without what is left for more urgent work")
	require.EqualValues(t, 855-1-1-5, p.MinuteLeft, "queries count apart")
}
