package testserver

import (
	"testing"
	"time"
)

// WaitUntil polls done for up to a minute; event is how the test's failure calls it.
func WaitUntil(t testing.TB, event string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen that", event)
		}
	}
}
