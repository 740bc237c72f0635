package redis

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// replayed is a connection on which an answer waits to be read.
type replayed struct {
	net.Conn
	io.Reader
	sent bytes.Buffer
}

func (c *replayed) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c *replayed) Write(p []byte) (int, error) { return c.sent.Write(p) }

func respOf(answer string) (*respConn, *replayed) {
	c := &replayed{Reader: strings.NewReader(answer)}
	return newRESPConn(c), c
}

func TestRESPCommand(t *testing.T) {
	conn, sent := respOf("+OK\r\n")
	text, err := conn.do("AUTH", "mon", "päss\r\nword")
	if text != "OK" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	if got, want := sent.sent.String(), "*3\r\n$4\r\nAUTH\r\n$3\r\nmon\r\n$11\r\npäss\r\nword\r\n"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestRESPAnswersInARow(t *testing.T) {
	conn, _ := respOf("+OK\r\n$5\r\na\r\nb:\r\n-LOADING wait\r\n$0\r\n\r\n")
	for _, want := range []struct{ text, reason string }{{"OK", ""}, {"a\r\nb:", ""}, {"", source.ReasonUnavailable}, {"", ""}, {"", source.ReasonReset}} {
		if text, err := conn.do("X"); text != want.text || source.Reason(err) != want.reason {
			t.Errorf("got %q, %v, want %q and reason %q", text, err, want.text, want.reason)
		}
	}
}

func TestRESPTextLongerThanAnnounced(t *testing.T) {
	conn, _ := respOf("$2\r\nabc\r\n")
	if text, err := conn.do("INFO"); source.Reason(err) != source.ReasonBadAnswer {
		t.Errorf("got %q, %v, want reason %s", text, err, source.ReasonBadAnswer)
	}
}

// A server that has too many clients sends an error and closes the connection. This error counts, and not the one of
// sending the command.
func TestRESPRefusalBeforeTheCommand(t *testing.T) {
	conn := newRESPConn(unwritable{&replayed{Reader: strings.NewReader("-ERR max number of clients reached\r\n")}})
	if _, err := conn.do("PING"); source.Reason(err) != source.ReasonUnavailable {
		t.Errorf("got %v, want reason %s", err, source.ReasonUnavailable)
	}
	conn = newRESPConn(unwritable{&replayed{Reader: strings.NewReader("+PONG\r\n")}})
	if text, err := conn.do("PING"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %q, %v for a command that was not sent", text, err)
	}
}

type unwritable struct{ *replayed }

func (unwritable) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestRESPErrorKeepsTheCodeOnly(t *testing.T) {
	for _, c := range []struct{ answer, reason, text string }{
		{"WRONGPASS hunter22 is wrong", source.ReasonUnauthorized, "Redis answers with error WRONGPASS"},
		{"NOAUTH Authentication required.", source.ReasonUnauthorized, "Redis answers with error NOAUTH"},
		{"ERR invalid password", source.ReasonUnauthorized, "Redis answers with error ERR"},
		{"NOPERM no", source.ReasonForbidden, "Redis answers with error NOPERM"},
		{"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", source.ReasonReadOnly, "Redis answers with error MISCONF"},
		{"ERR unknown command 'hunter22'", source.ReasonServerError, "Redis answers with error ERR"},
		{"hunter22 is wrong", source.ReasonServerError, "Redis answers with error unknown"},
		{"HUNTER22 is wrong", source.ReasonServerError, "Redis answers with error unknown"},
		{strings.Repeat("A", 21), source.ReasonServerError, "Redis answers with error unknown"},
		{"", source.ReasonServerError, "Redis answers with error "},
	} {
		if err := errorAnswer(c.answer); source.Reason(err) != c.reason || err.Error() != c.text {
			t.Errorf("%q: got %q with reason %s, want %q with %s", c.answer, err, source.Reason(err), c.text, c.reason)
		}
	}
}

// The client does not allocate the length that a server announces.
func TestRESPAnnouncedLengthIsBounded(t *testing.T) {
	for _, length := range []string{"1048577", "9999999999", "9223372036854775807"} {
		conn, _ := respOf("$" + length + "\r\nfew bytes")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := conn.do("INFO")
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; source.Reason(err) != source.ReasonTooLarge || grown > maxRESPBulk {
			t.Errorf("$%s: %d bytes allocated, %v", length, grown, err)
		}
	}
}

func FuzzRESP(f *testing.F) {
	for _, seed := range []string{
		"+PONG\r\n", "-NOAUTH Authentication required.\r\n", "$5\r\nab\r\nc\r\n", "$-1\r\n", "$9999999999\r\n", "$3\r\nab", "\r\n", "",
		":1\r\n", "*1\r\n+OK\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", strings.Repeat("+", 2*maxRESPLine), "$0\r\n\r\n+OK\n$1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answers []byte) {
		rest := bytes.NewReader(answers)
		conn := newRESPConn(&replayed{Reader: rest})
		for range len(answers) + 1 {
			before := rest.Len() + conn.r.Buffered()
			text, err := conn.answer()
			switch used := before - rest.Len() - conn.r.Buffered(); {
			case err == nil && (len(text) > maxRESPBulk || len(text) >= used):
				t.Fatalf("%d bytes of text from %d bytes", len(text), used)
			case err != nil && text != "":
				t.Fatalf("a text of %d bytes beside %v", len(text), err)
			case err != nil && source.Reason(err) == "other":
				t.Fatalf("an error without a reason: %v", err)
			case err != nil && used == 0:
				return
			}
		}
	})
}
