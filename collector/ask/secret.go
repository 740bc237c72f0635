package ask

import (
	"context"
	"fmt"
	"sync"

	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
)

// A Secret is read each time it is used, so that a changed file counts at once. It masks its last two values: a file may
// change between a request and the page about it. It is for many goroutines.
type Secret struct {
	promconfig.SecretReader
	part Part // counts files that want of descriptors keeps from being read

	mu      sync.Mutex
	reading *secretReading // under way; nil: none
	value   string         // the value that was read last
	masks   [2]source.Mask // of value, and of the value before
}

// A secretReading reads a secret once, for all that call Fetch until it ends. When the file system hangs, one goroutine
// hangs, and no scrape.
type secretReading struct {
	done chan struct{}
	text string
	err  error
}

// newSecret returns the secret in the configuration itself or in a file; nil when there is neither.
func newSecret(inline promconfig.Secret, file string) *Secret {
	switch {
	case file != "":
		return &Secret{SecretReader: secretFile{file}}
	case inline != "":
		s := &Secret{SecretReader: promconfig.NewInlineSecret(string(inline))}
		s.remember(string(inline))
		return s
	}
	return nil
}

// Fetch implements promconfig.SecretReader. A nil secret is empty. A file that cannot be read has reason unauthorized, or
// exporter_overloaded when this machine is out of descriptors, and the end of ctx has timeout or canceled. Each of these
// errors is source.Unasked.
func (s *Secret) Fetch(ctx context.Context) (string, error) {
	if s == nil {
		return "", nil
	}
	r := s.read()
	select {
	case <-r.done:
		return r.text, r.err
	case <-ctx.Done():
		return "", source.Unasked(fmt.Errorf("waiting for a secret to be read: %w", ctx.Err()))
	}
}

// read joins the reading under way, or starts one.
func (s *Secret) read() *secretReading {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading != nil {
		return s.reading
	}
	r := &secretReading{done: make(chan struct{})}
	s.reading = r
	go func() {
		defer close(r.done)
		text, err := s.SecretReader.Fetch(context.Background())
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reading = nil
		if err != nil {
			r.err = s.part.note(unreadSecret(err))
			return
		}
		r.text = text
		s.remember(text)
	}()
	return r
}

// unreadSecret is the error of a secret that err kept from being read.
func unreadSecret(err error) error {
	reason := source.ReasonUnauthorized
	if source.Reason(err) == source.ReasonExporterOverloaded {
		reason = source.ReasonExporterOverloaded
	}
	return source.Unasked(source.Failed(reason, "a secret cannot be read: %s", err))
}

// remember keeps value and its masks. The caller holds s.mu, or s is not shared yet.
func (s *Secret) remember(value string) {
	if value != s.value {
		s.value = value
		s.masks = [2]source.Mask{source.NewMask(value), s.masks[0]}
	}
}

// mask returns the masks of the last two values.
func (s *Secret) mask() source.Mask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(s.masks[0][:len(s.masks[0]):len(s.masks[0])], s.masks[1]...)
}
