package trust

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/durable"
)

func commas(text string, n int) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }

// onlyFile is the only file in a folder.
func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	return filepath.Join(dir, files[0].Name())
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// saveText saves a text with its checksum.
func saveText(t *testing.T, file, text string) {
	t.Helper()
	if err := durable.Save(file, []byte(text)); err != nil {
		t.Fatal(err)
	}
}
