package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"time"
)

// writeArchive writes the files into a folder of the archive. All are of root and of one time, so that the bytes are the same each time.
func writeArchive(name, folder string, files []file, at time.Time) error {
	var unpacked bytes.Buffer
	w := tar.NewWriter(&unpacked)
	for _, f := range files {
		if f.archive == "" {
			continue
		}
		header := &tar.Header{Name: folder + "/" + f.archive, Mode: int64(f.fileMode()), Size: int64(len(f.text)), ModTime: at, Format: tar.FormatPAX}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("adding %s to the archive: %w", f.archive, err)
		}
		if _, err := w.Write(f.text); err != nil {
			return fmt.Errorf("adding %s to the archive: %w", f.archive, err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("ending the archive: %w", err)
	}
	packed, err := compress(unpacked.Bytes(), at)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, packed, 0o644); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}
