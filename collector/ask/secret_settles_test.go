package ask

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestSecretFilesThatAreNotRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no named pipe: %s", err)
	}
	for name, c := range map[string]struct{ file, words string }{
		"a pipe":      {pipe, "is no regular file"},
		"a device":    {"/dev/zero", "is no regular file"},
		"a folder":    {t.TempDir(), "is no regular file"},
		"too large":   {testserver.TempFile(t, "pw", []byte(strings.Repeat("x", maxSecret+1))), "has more than 64 KiB"},
		"empty":       {testserver.TempFile(t, "pw", nil), "is empty"},
		"blanks only": {testserver.TempFile(t, "pw", []byte(" \n")), "is empty"},
		"not there":   {filepath.Join(t.TempDir(), "none"), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := newSecret("", c.file).Fetch(t.Context())
			wantReason(t, err, source.ReasonUnauthorized)
			if err == nil || !strings.Contains(err.Error(), c.words) || !source.IsUnasked(err) || time.Since(start) > 3*time.Second {
				t.Errorf("after %s: %v", time.Since(start), err)
			}
		})
	}
}

// Half a password is a failed login, and some directories lock an account after three.
func TestASecretFileThatIsBeingWrittenIsReadWhenItIsThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pw")
	writeFile(t, file, "")
	go func() {
		for _, part := range []string{"go", "od-pass", "word"} {
			time.Sleep(secretSettles / 2)
			f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, _ = f.WriteString(part)
				f.Close()
			}
		}
	}()
	if got, err := newSecret("", file).Fetch(t.Context()); got != "good-password" {
		t.Errorf("read %q: %v", got, err)
	}
}
