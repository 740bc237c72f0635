package ask

import (
	"bytes"
	"testing"

	"registry_exporter/collector/source"
)

func TestABodyWithContentLengthIsReadIntoOneBuffer(t *testing.T) {
	const length = 15 << 20
	body := bytes.Repeat([]byte(" "), length)
	got, err := readBounded(bytes.NewReader(body), length, MaxBody)
	if err != nil || len(got) != length {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if cap(got) != length+bytes.MinRead {
		t.Errorf("the buffer has %d bytes: it has grown", cap(got))
	}
}

func TestALengthBeyondTheLimitMakesNoLargerBuffer(t *testing.T) {
	got, err := readBounded(bytes.NewReader([]byte("{}")), 1<<40, MaxSmallBody)
	if err != nil || string(got) != "{}" || cap(got) > MaxSmallBody+bytes.MinRead {
		t.Errorf("%d bytes in a buffer of %d, %v", len(got), cap(got), err)
	}
	if _, err := readBounded(bytes.NewReader(make([]byte, 3)), 3, 2); source.Reason(err) != source.ReasonTooLarge {
		t.Errorf("%v", err)
	}
}
