package accesslog

import "testing"

func TestNothingIsAllocatedPerBlock(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 1000)
	tt.look()
	l := tt.tail.stream(tt.path("registry.log")).newest()
	if n := testing.AllocsPerRun(100, func() {
		l.Offset, l.before, l.unfinished = 0, l.before[:0], 0
		for !l.atEnd() {
			b, err := l.next(tt.tail.buf)
			tt.try(err)
			l.advance(b.lines)
		}
	}); n > 0 {
		t.Errorf("%v allocations in four blocks", n)
	}
}
