package trust

import (
	"encoding/json"
	"errors"
	"io/fs"

	"registry_exporter/collector/source"
	"registry_exporter/durable"
)

// savedVersion is the version of the layout of saved.
const savedVersion = 1

// A book keeps what is counted of one feed. It outlives reloads and, with a file, the process. One run at a time uses it.
type book struct {
	file  string // empty: it ends with the process
	saved saved
}

// openBook reads the file. One that is missing is a feed that was never read. One that is damaged, or of another version, is a
// cursor that was lost.
func openBook(file string) *book {
	b := &book{file: file}
	if file == "" {
		return b
	}
	text, err := durable.Load(file)
	if errors.Is(err, fs.ErrNotExist) {
		return b
	}
	if err == nil {
		err = json.Unmarshal(text, &b.saved)
	}
	if err != nil || !b.saved.isSound() {
		b.saved = saved{Lost: 1}
	}
	return b
}

// isSound says whether the content of a file is of this version, within its bounds, and has a cursor that may be sent.
func (s saved) isSound() bool {
	return s.Version == savedVersion && s.Begun && (s.Cursor.ID == "" || isID(s.Cursor.ID)) && len(s.Repositories) <= maxPlaces && len(s.Deletions) <= maxPlaces+1
}

// maxPlaces bounds the repositories of a file, and so the series that it makes. The configuration allows as many.
const maxPlaces = 100

// save makes next the state when it is in the file. The reason of an error is state_not_saved: then the state stays as it is, and the
// next run counts the same changes again.
func (b *book) save(next saved) error {
	next.Version = savedVersion
	if b.file != "" {
		text, err := json.Marshal(next)
		if err == nil {
			err = durable.Save(b.file, text)
		}
		if err != nil {
			return source.Failed(source.ReasonStateNotSaved, "saving what is counted: %s", err)
		}
	}
	b.saved = next
	return nil
}
