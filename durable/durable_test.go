package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func mustSave(t *testing.T, file, text string) {
	t.Helper()
	if err := Save(file, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestSavedIsLoaded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "folder", "hub")
	for _, text := range []string{"first\nline", "", "\n", "second, which is longer than the first"} {
		mustSave(t, file, text)
		if got, err := Load(file); err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
	files, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(files) != 1 {
		t.Errorf("left in the folder: %v, %v", files, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode is %s, %v", info.Mode(), err)
	}
}

func TestUsable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder", "of it")
	if err := Usable(dir); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("left in the folder: %v, %v", files, err)
	}
	mustSave(t, filepath.Join(dir, "file"), "")
	for _, dir := range []string{filepath.Join(dir, "file"), "/proc/self"} {
		if err := Usable(dir); err == nil {
			t.Errorf("%s can be used", dir)
		}
	}
}

func TestNeverSaved(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "hub")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestDamagedFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hub")
	mustSave(t, file, "some lines\nof text")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"empty":             {},
		"cut short":         whole[:len(whole)-1],
		"only the checksum": whole[:72],
		"one byte more":     append(whole[:len(whole):len(whole)], 'x'),
		"something else":    []byte("hello"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := Load(file); !errors.Is(err, ErrDamaged) {
				t.Errorf("%q, %v", got, err)
			}
			mustSave(t, file, "new")
			if got, err := Load(file); err != nil || string(got) != "new" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestWhatAKilledProcessLeftIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hub")
	if err := os.WriteFile(file+".new", []byte("half"), 0o400); err != nil {
		t.Fatal(err)
	}
	mustSave(t, file, "whole")
	if got, err := Load(file); err != nil || string(got) != "whole" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSaveThatFailsKeepsTheOldFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hub")
	mustSave(t, file, "old")
	if err := os.Mkdir(file+".new", 0o700); err != nil { // root may write anywhere, but not this
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(file+".new", "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Save(file, []byte("new")); err == nil {
		t.Error("no error")
	}
	if got, err := Load(file); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}

// A pipe waits for its writer, and a device never ends.
func TestWhatIsNoRegularFileIsNotLoaded(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no pipes here: %s", err)
	}
	for _, file := range []string{pipe, "/dev/zero", t.TempDir()} {
		loaded := make(chan error, 1)
		go func() {
			_, err := Load(file)
			loaded <- err
		}()
		select {
		case err := <-loaded:
			if err == nil || errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v", file, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s is waited for", file)
		}
	}
}
