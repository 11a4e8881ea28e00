package forecast_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/forecast"
)

func TestLearn(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2000, forecast.Learn([]float64{1000, 4000}), 0.1)
	require.InDelta(t, 500, forecast.Learn([]float64{500}), 0.1)
	require.Positive(t, forecast.Learn(nil))
}

func TestPageLatency(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ short, pages, earlier, want time.Duration }{
		"nothing is known":             {0, 0, 0, 0},
		"pages were measured":          {100, 300, 700, 300},
		"by an earlier sync":           {100, 0, 200, 200},
		"only short answers":           {100, 0, 0, 100},
		"GitHub has become slower":     {400, 100, 0, 400},
		"GitHub has become faster":     {10, 1000, 0, 50},
		"no short answer was measured": {0, 300, 0, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, forecast.PageLatency(tt.short, tt.pages, tt.earlier))
		})
	}
}
