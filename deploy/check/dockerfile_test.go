package check

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/stretchr/testify/require"
)

const dockerFile = "deploy/Dockerfile"

// lintDockerfile reads a Dockerfile as BuildKit does, and returns its warnings and ours.
func lintDockerfile(content []byte) ([]string, error) {
	var found []string
	result, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	lint := linter.New(&linter.Config{Warn: func(name, _, _, message string, _ []parser.Range) {
		found = append(found, name+": "+message)
	}})
	stages, _, err := instructions.Parse(result.AST, lint)
	if err != nil {
		return nil, err
	}
	last := stages[len(stages)-1]
	if last.BaseName != "scratch" {
		found = append(found, "the image is built on "+last.BaseName)
	}
	seen := map[string]string{}
	for _, command := range last.Commands {
		seen[command.Name()] = fmt.Sprint(command)
		switch c := command.(type) {
		case *instructions.UserCommand:
			if c.User == "0" || strings.HasPrefix(c.User, "root") || !strings.Contains(c.User, ":") {
				found = append(found, "it runs as "+c.User)
			}
		case *instructions.HealthCheckCommand:
			if strings.Join(c.Health.Test, " ") != "CMD /usr/local/bin/holdfast health" {
				found = append(found, "its health check is another")
			}
		}
	}
	for _, name := range []string{"USER", "HEALTHCHECK", "ENTRYPOINT", "STOPSIGNAL", "LABEL"} {
		if seen[strings.ToLower(name)] == "" && seen[name] == "" {
			found = append(found, "it has no "+name)
		}
	}
	for _, stage := range stages[:len(stages)-1] {
		if !versioned.MatchString(strings.TrimSuffix(stage.BaseName, "-bookworm")) {
			found = append(found, stage.BaseName+" has no version")
		}
	}
	return found, nil
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	found, err := lintDockerfile(read(t, dockerFile))
	require.NoError(t, err)
	require.Empty(t, found)
	goVersion := strings.TrimSpace(strings.TrimPrefix(strings.Split(string(read(t, "go.mod")), "\n")[2], "go "))
	require.Contains(t, string(read(t, dockerFile)), "golang:"+goVersion+"-", "go.mod and the image have one Go")
}

func TestDockerfileFlawsAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, want string }{
		{"an unknown instruction", "STOPSIGNAL", "STOPSIG", "STOPSIG"},
		{"an unknown flag", "COPY --from=build /out", "COPY --form=build /out", "form"},
		{"root", "USER 65532:65532", "USER root", "it runs as root"},
		{"no health check", "HEALTHCHECK", "# HEALTHCHECK", "HEALTHCHECK"},
		{"another base", "FROM scratch", "FROM debian", "debian"},
		{"an unpinned compiler", "golang:1.26.8-bookworm", "golang", "golang has no version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			content := string(read(t, dockerFile))
			require.Contains(t, content, tt.old)
			found, err := lintDockerfile([]byte(strings.Replace(content, tt.old, tt.new, 1)))
			if err != nil {
				require.ErrorContains(t, err, tt.want)
				return
			}
			require.Contains(t, strings.Join(found, "\n"), tt.want)
		})
	}
}
