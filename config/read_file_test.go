package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A reload waits for the file, and all later reloads for it.
func TestAConfigurationThatNeverEndsIsRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{pipe: "empty", "/dev/zero": "more than 16 MiB", filepath.Dir(pipe): "directory"} {
		start := time.Now()
		_, err := Load(file)
		if err == nil || !strings.Contains(err.Error(), want) || time.Since(start) > maxRead {
			t.Errorf("%s, after %s: %v", file, time.Since(start), err)
		}
	}
}

func TestAConfigurationMayComeThroughAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		defer w.Close()
		time.Sleep(50 * time.Millisecond)
		_, _ = w.WriteString("registries:\n- {name: hub, url: 'https://hub.example.org'}\n")
	}()
	c, err := Load(fmt.Sprintf("/proc/self/fd/%d", r.Fd()))
	if err != nil || c.Registries[0].Name != "hub" {
		t.Errorf("%v", err)
	}
}
