package durable

import (
	"errors"
	"testing"
	"time"
)

func TestADiskThatHangsHoldsNobody(t *testing.T) {
	var b Beside
	hangs, ended := make(chan struct{}), make(chan struct{})
	if b.Do(10*time.Millisecond, func() error { defer close(ended); <-hangs; return nil }) {
		t.Error("a work that hangs counts as done")
	}
	if b.Do(time.Minute, func() error { t.Error("two at once"); return nil }) {
		t.Error("a work that was left out counts as done")
	}
	close(hangs)
	<-ended
	for range 100 {
		if b.Do(time.Minute, func() error { return nil }) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("nothing is done after the disk is back")
}

func TestAWorkThatFailsIsNotDone(t *testing.T) {
	var b Beside
	if b.Do(time.Minute, func() error { return errors.New("no space") }) {
		t.Error("an error counts as done")
	}
}
