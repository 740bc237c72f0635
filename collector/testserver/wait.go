package testserver

import (
	"testing"
	"time"
)

// WaitUntil calls done for up to a minute, until it returns true. event names what the test waits for, in its failure.
func WaitUntil(t testing.TB, event string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen that", event)
		}
	}
}
