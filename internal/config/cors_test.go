package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
)

func TestCORSOrigins(t *testing.T) {
	t.Parallel()
	c, err := config.LoadAPI(complete("HOLDFAST_STREAM_ORIGINS=https://panel.example.com"))
	require.NoError(t, err)
	origins, err := c.PagesOfStreams()
	require.NoError(t, err)
	require.Equal(t, []string{"https://panel.example.com"}, origins)
	_, err = config.LoadAPI(complete("HOLDFAST_STREAM_ORIGINS=*"))
	require.ErrorContains(t, err, "HOLDFAST_STREAM_ORIGINS")
	for value, want := range map[string][]string{
		"": nil, "https://console.example.com": {"https://console.example.com"},
		"https://console.example.com, http://localhost:3000": {"https://console.example.com", "http://localhost:3000"},
	} {
		c, err := config.LoadAPI(complete("HOLDFAST_CORS_ORIGINS=" + value))
		require.NoError(t, err, value)
		origins, err := c.Origins()
		require.NoError(t, err)
		require.Equal(t, want, origins)
	}
	for value, want := range map[string]string{
		"*": "name each origin", "https://*.example.com": "name each origin", "null": "no origin", "console.example.com": "no origin",
		"https://console.example.com/": "no origin", "https://Console.example.com": "no origin", "https://u@console.example.com": "no origin",
		"https://console.example.com,": "no origin", "https://console.example.com:443": "leave the port out", "ftp://console.example.com": "no origin",
		strings.Repeat("https://a.example.com,", 50) + "https://b.example.com": "more than 50",
	} {
		_, err := config.LoadAPI(complete("HOLDFAST_CORS_ORIGINS=" + value))
		require.ErrorContains(t, err, "HOLDFAST_CORS_ORIGINS", value)
		require.ErrorContains(t, err, want, value)
	}
}
