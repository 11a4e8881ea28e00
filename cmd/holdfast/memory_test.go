package main

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestContainerMemory(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"cgroup v2":             {map[string]string{"memory.max": "536870912\n"}, 512 << 20},
		"cgroup v2, no limit":   {map[string]string{"memory.max": "max\n"}, 0},
		"cgroup v1":             {map[string]string{"memory/memory.limit_in_bytes": "268435456\n"}, 256 << 20},
		"cgroup v1, no limit":   {map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"nothing of that kind":  {nil, 0},
		"what cannot be read":   {map[string]string{"memory.max": "-"}, 0},
		"beyond every computer": {map[string]string{"memory.max": "99999999999999999999"}, 0},
	} {
		cgroup := fstest.MapFS{}
		for path, text := range tt.files {
			cgroup[path] = &fstest.MapFile{Data: []byte(text)}
		}
		require.Equal(t, tt.want, containerMemory(cgroup), name)
	}
}
