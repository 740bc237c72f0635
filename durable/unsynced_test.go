package durable

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSavedUnsyncedIsLoaded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "folder", "hub")
	for _, text := range []string{"first, which is longer than the second", "second", ""} {
		if err := SaveUnsynced(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(file); err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("mode is %v, %v", info, err)
		}
	}
	files, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(files) != 1 {
		t.Errorf("left in the folder: %v, %v", files, err)
	}
}

func TestSaveUnsyncedWithoutPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "hub.new", "not empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"where it is written":       filepath.Join(dir, "hub"),
		"where it goes":             dir,
		"the folder cannot be made": filepath.Join(os.DevNull, "hub"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := SaveUnsynced(file, []byte("new")); err == nil {
				t.Error("no error")
			}
		})
	}
}
