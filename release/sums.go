package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// writeSums writes SHA256SUMS, for sha256sum --check, of all files in the folder.
func writeSums(out string) error {
	entries, err := os.ReadDir(out)
	if err != nil {
		return fmt.Errorf("listing the files of the release: %w", err)
	}
	var sums []byte
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(out, e.Name()))
		if err != nil {
			return fmt.Errorf("reading a file of the release: %w", err)
		}
		sums = fmt.Appendf(sums, "%x  %s\n", sha256.Sum256(text), e.Name())
	}
	if err := os.WriteFile(filepath.Join(out, "SHA256SUMS"), sums, 0o644); err != nil {
		return fmt.Errorf("writing the checksums: %w", err)
	}
	return nil
}
