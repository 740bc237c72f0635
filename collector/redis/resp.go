package redis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"registry_exporter/collector/source"
)

// Bounds of an answer, in bytes.
const (
	maxRESPLine = 4 << 10
	maxRESPBulk = 1 << 20 // INFO of Redis 7.0 has 3 KiB
)

// A respConn sends commands to Redis and reads the answers, in its protocol RESP2:
//
//	*1\r\n$4\r\nPING\r\n    the command PING: an array of one bulk of 4 bytes
//	+PONG\r\n               a line
//	-NOAUTH …\r\n           an error
//	$5\r\nhello\r\n         a bulk of 5 bytes
type respConn struct {
	net.Conn
	r *bufio.Reader
}

func newRESPConn(c net.Conn) *respConn {
	return &respConn{c, bufio.NewReaderSize(c, maxRESPLine)}
}

// do sends a command and reads its answer, a line or a bulk. The error is that of the connection, that of errorAnswer
// when Redis answers with an error, or one with reason bad_answer or too_large for any other answer.
func (c *respConn) do(args ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	_, unsent := io.WriteString(c, b.String())
	text, err := c.answer() // even when unsent: Redis sends -ERR max number of clients reached, and closes the connection
	if err == nil {
		err = unsent
	}
	return text, err
}

// answer reads a line, an error or a bulk.
func (c *respConn) answer() (string, error) {
	line, err := c.line()
	if err != nil {
		return "", err
	}
	if line == "" {
		return "", source.Failed(source.ReasonBadAnswer, "an empty line instead of an answer in Redis' protocol")
	}
	switch rest := line[1:]; line[0] {
	case '+':
		return rest, nil
	case '-':
		return "", errorAnswer(rest)
	case '$':
		return c.bulk(rest)
	}
	return "", source.Failed(source.ReasonBadAnswer, "the answer is not in Redis' protocol")
}

// line reads up to the end of a line, and returns it without \r\n.
func (c *respConn) line() (string, error) {
	line, err := c.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", source.Failed(source.ReasonBadAnswer, "a line of more than %d bytes is not Redis' protocol", maxRESPLine)
	case errors.Is(err, io.EOF) && len(line) > 0:
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// bulk reads a bulk. length is the text in which Redis announced the length.
func (c *respConn) bulk(length string) (string, error) {
	n, err := strconv.Atoi(length)
	switch {
	case err != nil || n < 0:
		return "", source.Failed(source.ReasonBadAnswer, "a length that is none in Redis' protocol")
	case n > maxRESPBulk:
		return "", source.Failed(source.ReasonTooLarge, "the answer is larger than %d bytes", maxRESPBulk)
	}
	text := make([]byte, n+2)
	switch _, err := io.ReadFull(c.r, text); {
	case errors.Is(err, io.EOF):
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	case string(text[n:]) != "\r\n":
		return "", source.Failed(source.ReasonBadAnswer, "a text that does not end where it should in Redis' protocol")
	}
	return string(text[:n]), nil
}

// errorAnswer makes an error of an error of Redis, such as "WRONGPASS invalid username-password pair". It keeps the code
// and leaves out the rest, which may repeat a password.
func errorAnswer(text string) error {
	code, words, _ := strings.Cut(text, " ")
	if len(code) > 20 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		code = "unknown"
	}
	words = strings.ToLower(words)
	why := source.ReasonServerError
	switch {
	case code == "WRONGPASS", code == "NOAUTH",
		code == "ERR" && strings.Contains(words, "invalid password"),
		code == "ERR" && strings.Contains(words, "without any password configured"),
		code == "ERR" && strings.Contains(words, "no password is set"):
		why = source.ReasonUnauthorized
	case code == "NOPERM", code == "DENIED":
		why = source.ReasonForbidden
	case code == "MISCONF": // its last save to disk failed, and it was told to stop writes then
		why = source.ReasonReadOnly
	case code == "LOADING", code == "BUSY", code == "MASTERDOWN", code == "CLUSTERDOWN",
		code == "ERR" && strings.Contains(words, "max number of clients"):
		why = source.ReasonUnavailable
	}
	return source.Failed(why, "Redis answers with error %s", code)
}
