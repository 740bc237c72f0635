package ask

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	maxSecret     = 64 << 10               // bytes of the file of a secret
	secretSettles = 100 * time.Millisecond // between two readings of a file that has just changed
	maxReadings   = 10                     // of one file, until two are the same
)

// A secretFile is a promconfig.SecretReader of a file. The one of prometheus/common reads whatever is there: a pipe until
// somebody writes, a device until memory ends, and a file that is just being written.
type secretFile struct{ file string }

// Fetch implements promconfig.SecretReader. It reads a file that changed less than a second ago until two readings are
// the same, so that half a password is not sent. White space around the secret is no part of the secret.
func (f secretFile) Fetch(ctx context.Context) (string, error) {
	before, changed, err := f.read()
	for n := 1; changed && n < maxReadings; n++ {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(secretSettles):
		}
		var now string
		now, changed, err = f.read()
		if now == before && err == nil && now != "" {
			break
		}
		before = now
	}
	switch {
	case err != nil:
		return "", err
	case before == "":
		return "", fmt.Errorf("%s is empty: put the secret into it", f.file)
	}
	return before, nil
}

// read reads the file once. changed says that the file changed less than a second ago.
func (f secretFile) read() (secret string, changed bool, err error) {
	opened, info, err := openRegular(f.file)
	if err != nil {
		return "", false, err
	}
	defer opened.Close()
	text, err := io.ReadAll(io.LimitReader(opened, maxSecret+1))
	if err == nil && len(text) > maxSecret {
		err = errors.New(f.file + " has more than 64 KiB")
	}
	age := time.Since(info.ModTime())
	return strings.TrimSpace(string(text)), age >= 0 && age < time.Second, err
}

// openRegular opens a file, and nothing else: a pipe waits for its writer, and a device may never end.
func openRegular(file string) (*os.File, os.FileInfo, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe opens at once, too
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", file)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// Description implements promconfig.SecretReader.
func (f secretFile) Description() string { return "file " + f.file }

// Immutable implements promconfig.SecretReader.
func (f secretFile) Immutable() bool { return false }
