package msr

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"registry_exporter/collector/ask"
	"registry_exporter/durable"
)

// A jobsFile keeps what was counted of the jobs of one registry, in --state.dir. Without that there is no file.
type jobsFile struct{ name string }

// jobsFileOf names the file by registry and site, as in jobs-5b4c922f646a115b.
func jobsFileOf(b *ask.Builder) jobsFile {
	if b.StateDir == "" {
		return jobsFile{}
	}
	about := fmt.Sprintf("%q %q", b.Name, b.Site)
	return jobsFile{filepath.Join(b.StateDir, fmt.Sprintf("jobs-%x", sha256.Sum256([]byte(about)))[:21])}
}

// loadJobs reads what was counted before. Without a file, or with a damaged one, counting begins anew: as after any
// restart of a counter.
func loadJobs(f jobsFile) *jobMemory {
	m := &jobMemory{file: f}
	if f.name == "" {
		return m
	}
	text, err := durable.Load(f.name)
	if errors.Is(err, durable.ErrDamaged) {
		_ = os.Remove(f.name)
	}
	var kept keptJobs
	if err != nil || json.Unmarshal(text, &kept) != nil || !kept.isSound() {
		return m
	}
	m.kept = kept
	if kept.Began {
		m.read = 1
	}
	return m
}

// isSound says whether the file has only what this program writes: its texts become labels.
func (k keptJobs) isSound() bool {
	actions, statuses := append(slices.Clone(jobActions), "other"), failedStatuses
	for action, counts := range k.Failures {
		if !slices.Contains(actions, action) {
			return false
		}
		for status, n := range counts {
			if !slices.Contains(statuses, status) || n < 0 {
				return false
			}
		}
	}
	for _, action := range slices.Concat(slices.Collect(maps.Keys(k.Success)), slices.Collect(maps.Keys(k.Failure))) {
		if !slices.Contains(actions, action) {
			return false
		}
	}
	return len(k.Known) <= maxKnownFailures
}

// save writes the file, and returns when it is on the disk.
func (f jobsFile) save(k keptJobs) error {
	if f.name == "" {
		return nil
	}
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return durable.Save(f.name, text)
}
