// Package durable saves small files that outlive the process. After a crash the file has the old content or the new one, never a
// part. durable.go has Save and Load, unsynced.go the faster SaveUnsynced, beside.go what waits for no disk that hangs:
//
//	err := durable.Save("/var/lib/registry_exporter/worked", text)
//	text, err = durable.Load("/var/lib/registry_exporter/worked")
package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxSize bounds the file that Load reads, in bytes.
const maxSize = 64 << 20

// ErrDamaged is the error of Load for a file whose checksum is wrong.
var ErrDamaged = errors.New("file is damaged")

// Save replaces the content of the file by data, and returns when file and folder are on the disk. It makes the folder if that is
// missing. Only the user of the process can read the file.
func Save(file string, data []byte) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if err := write(file+".new", data); err != nil {
		return err
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("putting a new file in place: %w", err)
	}
	return syncFolder(dir)
}

// Usable returns an error when files cannot be saved in a folder, which it makes if it is missing. It refuses a folder that
// everybody may write to: the files decide which requests are sent with our account.
func Usable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("looking at the folder: %w", err)
	case info.Mode()&0o002 != 0:
		return fmt.Errorf("everybody may write to %s (mode %04o): take that away with chmod o-w, or name a folder below it, which is made", dir, info.Mode().Perm())
	}
	f, err := os.CreateTemp(dir, "usable-")
	if err != nil {
		return fmt.Errorf("creating a file: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// create makes a file anew. It never writes through a link that stands there.
func create(file string) (*os.File, error) {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a process that was killed
		return nil, fmt.Errorf("removing an unfinished file: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating a file: %w", err)
	}
	return f, nil
}

func write(file string, data []byte) (err error) {
	f, err := create(file)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(file))
		}
	}()
	for _, part := range [][]byte{sum(data), data} {
		if _, err := f.Write(part); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing to the disk: %w", err)
	}
	return nil
}

// syncFolder makes a rename outlive a loss of power.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("writing the folder to the disk: %w", err)
	}
	return nil
}

// Load returns the data of the last Save. The error is fs.ErrNotExist for a file that was never saved, and ErrDamaged for one
// that another program has changed. A pipe or a device is an error at once: a pipe would wait for its writer.
func Load(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s is no regular file", file), err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return nil, err
	}
	_, data, _ := bytes.Cut(text, []byte("\n"))
	if !bytes.Equal(text, append(sum(data), data...)) {
		return nil, fmt.Errorf("%s: %w", file, ErrDamaged)
	}
	return data, nil
}

// sum is the first line of a file.
func sum(data []byte) []byte {
	s := sha256.Sum256(data)
	return append([]byte("sha256:"+hex.EncodeToString(s[:])), '\n')
}
