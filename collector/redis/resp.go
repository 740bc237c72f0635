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

// Bounds of what a Redis may answer. The known clients take any length that a server announces.
const (
	maxRESPLine = 4 << 10
	maxRESPBulk = 1 << 20
)

// respConn speaks as much of Redis' protocol (RESP2) as a monitor needs.
type respConn struct {
	net.Conn
	r *bufio.Reader
}

func newRESPConn(c net.Conn) *respConn {
	return &respConn{c, bufio.NewReaderSize(c, maxRESPLine)}
}

// do sends a command and reads its answer, which must be a text.
func (c *respConn) do(args ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	_, unsent := io.WriteString(c, b.String())
	text, err := c.answer() // read even then: a server that hangs up has often said why
	if err == nil {
		err = unsent
	}
	return text, err
}

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

// errorAnswer keeps the code of an error and leaves its words, which may repeat what was sent.
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
	case code == "LOADING", code == "BUSY", code == "MASTERDOWN", code == "CLUSTERDOWN",
		code == "ERR" && strings.Contains(words, "max number of clients"):
		why = source.ReasonUnavailable
	}
	return source.Failed(why, "Redis answers with error %s", code)
}
