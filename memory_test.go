package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestMemoryLimitOfCgroups(t *testing.T) {
	for _, c := range []struct {
		name, own string
		files     map[string]string
		want      int64
	}{
		{"a unit of systemd", "0::/system.slice/e.service\n", map[string]string{"system.slice/e.service/memory.max": "536870912\n"}, 512 << 20},
		{"the slice has less than the unit", "0::/system.slice/e.service\n", map[string]string{
			"system.slice/e.service/memory.max": "536870912\n", "system.slice/memory.max": "268435456\n",
		}, 256 << 20},
		{"a container with a namespace of its own", "0::/\n", map[string]string{"memory.max": "268435456\n"}, 256 << 20},
		{"version 1", "5:cpu,memory:/docker/0123\n1:name=systemd:/x\n", map[string]string{"memory/docker/0123/memory.limit_in_bytes": "268435456\n"}, 256 << 20},
		{"version 1 in a container", "5:memory:/docker/0123\n", map[string]string{"memory/memory.limit_in_bytes": "268435456\n"}, 256 << 20},
		{"version 1 without a limit", "5:memory:/\n", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n"}, math.MaxInt64},
		{"no limit", "0::/\n", map[string]string{"memory.max": "max\n"}, math.MaxInt64},
		{"no cgroups", "", nil, math.MaxInt64},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range c.files {
				file := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := memoryLimit(root, c.own); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
