package config

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

const (
	maxFile = 16 << 20        // bytes of a configuration
	maxRead = 5 * time.Second // to read it: a file system that hangs would hold up this reload, and all later ones
)

// readFile reads the configuration, which may also come through a pipe.
func readFile(file string) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		text, err := readBounded(file)
		read <- result{text, err}
	}()
	select {
	case r := <-read:
		return r.text, r.err
	case <-time.After(maxRead):
		return nil, fmt.Errorf("%s cannot be read within %s: its file system hangs, or nothing is written to the pipe", file, maxRead)
	}
}

func readBounded(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // else a pipe without a writer is never open
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than 16 MiB", file)
	}
	return text, err
}
