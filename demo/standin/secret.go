package standin

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"os"
	"sync"
)

// A secret is a password that a stand-in wants, and that the exporter reads from a file. While its fault is on, the
// stand-in wants another password. When the fault is switched off, the file gets the new password, too, as an operator
// would write it.
type secret struct {
	fault, file string

	mu      sync.RWMutex
	wanted  string
	written string
}

func (s *secret) apply(f *Faults) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	on := f.On(s.fault)
	switch {
	case s.wanted == "", on && s.wanted == s.written:
		s.wanted = rand.Text()
	}
	if on || s.wanted == s.written {
		return nil
	}
	if err := os.WriteFile(s.file, []byte(s.wanted), 0o600); err != nil {
		return fmt.Errorf("writing a secret: %w", err)
	}
	s.written = s.wanted
	return nil
}

func (s *secret) is(given string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return subtle.ConstantTimeCompare([]byte(given), []byte(s.wanted)) == 1
}

// now returns the password that the stand-in wants.
func (s *secret) now() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.wanted
}

// isChanged says whether the file has another password than the stand-in wants.
func (s *secret) isChanged() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.wanted != s.written
}

// letsIn says whether a request has the user and the password.
func (s *secret) letsIn(r *http.Request, user string) bool {
	u, password, ok := r.BasicAuth()
	return ok && u == user && s.is(password)
}
