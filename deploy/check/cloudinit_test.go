package check

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// cloudConfig is what of cloud-init's format the Droplet's recipe uses. Source:
// cloudinit.readthedocs.io/en/latest/reference/modules.html.
type cloudConfig struct {
	PackageUpdate  bool     `yaml:"package_update"`
	PackageUpgrade bool     `yaml:"package_upgrade"`
	Packages       []string `yaml:"packages"`
	APT            struct {
		Sources map[string]struct {
			Source string `yaml:"source"`
			KeyID  string `yaml:"keyid"`
		} `yaml:"sources"`
	} `yaml:"apt"`
	WriteFiles []struct {
		Path        string `yaml:"path"`
		Permissions string `yaml:"permissions"`
		Content     string `yaml:"content"`
	} `yaml:"write_files"`
	RunCmd [][]string `yaml:"runcmd"`
}

func TestCloudInit(t *testing.T) {
	t.Parallel()
	content := read(t, "deploy/digitalocean/cloud-init.yaml")
	require.True(t, bytes.HasPrefix(content, []byte("#cloud-config\n")), "cloud-init reads nothing else")
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var c cloudConfig
	require.NoError(t, decoder.Decode(&c))
	require.Contains(t, c.Packages, "docker-compose-plugin")

	scripts := 0
	for _, file := range c.WriteFiles {
		require.Regexp(t, `^0[0-7]{3}$`, file.Permissions)
		if strings.HasPrefix(file.Content, "#!/bin/sh\n") {
			scripts++
			check := exec.CommandContext(t.Context(), "sh", "-n")
			check.Stdin = strings.NewReader(file.Content)
			output, err := check.CombinedOutput()
			require.NoError(t, err, "%s: %s", file.Path, output)
		}
	}
	require.Positive(t, scripts)
	// The recipe makes every secret that compose demands.
	for _, pair := range secrets {
		name, _, _ := strings.Cut(pair, "=")
		require.Contains(t, string(content), name)
	}
}
