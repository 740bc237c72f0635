package ask

import (
	"context"
	"fmt"
	"sync"

	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
)

// A Secret is read when used, so that a changed file counts at once. It remembers how to mask its last two
// values: one may change between its use and the page.
type Secret struct {
	promconfig.SecretReader

	mu      sync.Mutex
	reading *secretReading // under way
	value   string         // that was read last
	masks   [2]source.Mask // of that, and of the one before
}

// A secretReading is shared by those who ask while it runs: a file system that hangs holds it, and
// nobody and nothing else.
type secretReading struct {
	done chan struct{}
	text string
	err  error
}

// newSecret is one given in the configuration itself or as a file; nil when there is neither.
func newSecret(inline promconfig.Secret, file string) *Secret {
	switch {
	case file != "":
		return &Secret{SecretReader: promconfig.NewFileSecret(file)}
	case inline != "":
		s := &Secret{SecretReader: promconfig.NewInlineSecret(string(inline))}
		s.remember(string(inline))
		return s
	}
	return nil
}

// Fetch implements promconfig.SecretReader. A secret that is not configured is empty.
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
			r.err = source.Unasked(source.Failed(source.ReasonUnauthorized, "a secret cannot be read: %s", err))
			return
		}
		r.text = text
		s.remember(text)
	}()
	return r
}

func (s *Secret) remember(value string) {
	if value != s.value {
		s.value = value
		s.masks = [2]source.Mask{source.NewMask(value), s.masks[0]}
	}
}

func (s *Secret) mask() source.Mask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(s.masks[0][:len(s.masks[0]):len(s.masks[0])], s.masks[1]...)
}
