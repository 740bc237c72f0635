package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// SaveUnsynced is Save without waiting for the disk. The file outlives a process that is killed. After a loss of power it may be
// damaged: Load returns ErrDamaged then.
func SaveUnsynced(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	f, err := create(file + ".new")
	if err != nil {
		return err
	}
	_, err = f.Write(slices.Concat(sum(data), data))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("putting a new file in place: %w", err)
	}
	return nil
}
