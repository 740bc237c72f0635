package durable

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderThatEverybodyMayWriteToIsNotUsable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Usable(dir); err == nil || !strings.Contains(err.Error(), "everybody may write") {
		t.Errorf("%v", err)
	}
	if err := Usable(filepath.Join(dir, "own")); err != nil {
		t.Errorf("a folder below it: %v", err)
	}
}

func TestNothingIsWrittenThroughALink(t *testing.T) {
	for name, save := range map[string]func(string, []byte) error{"Save": Save, "SaveUnsynced": SaveUnsynced} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			victim, file := filepath.Join(dir, "victim"), filepath.Join(dir, "upload")
			mustSave(t, victim, "mine")
			if err := os.Symlink(victim, file+".new"); err != nil {
				t.Fatal(err)
			}
			_ = save(file, []byte("theirs"))
			if got, err := Load(victim); err != nil || string(got) != "mine" {
				t.Errorf("the victim holds %q, %v", got, err)
			}
		})
	}
}
