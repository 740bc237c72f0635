package standin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// accessFormat is the log_format of nginx for the lines.
const accessFormat = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $request_length $upstream_response_time`

// maxLog is the size of a log in bytes at which it is renamed, and a new one begins. There are two files at most.
const maxLog = 1 << 20

// accessLog writes a line for each request, as nginx does, or what another line says.
type accessLog struct {
	path string
	line func(*exchange, *http.Request) string // "": none
	mu   sync.Mutex                            // for the fields below
	file *os.File
	size int
}

func newAccessLog(path string) (*accessLog, error) {
	l := &accessLog{path: path, line: (*exchange).line}
	return l, l.open()
}

func (l *accessLog) open() (err error) {
	if l.file, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return fmt.Errorf("opening an access log: %w", err)
	}
	l.size = 0
	return nil
}

func (l *accessLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file.Close()
}

// around writes a line when h returns, even when h breaks the connection.
func (l *accessLog) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w, body: r.Body, start: time.Now()}
		r.Body = x
		defer func() { l.write(l.line(x, r)) }()
		h.ServeHTTP(x, r)
	})
}

func (l *accessLog) write(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > maxLog {
		if errors.Join(os.Rename(l.path, l.path+".1"), l.file.Close(), l.open()) != nil {
			return
		}
	}
	n, _ := io.WriteString(l.file, line) // as nginx does, it leaves out a line that cannot be written
	l.size += n
}

// An exchange is a request and its answer.
type exchange struct {
	http.ResponseWriter
	body      io.ReadCloser
	start     time.Time
	status    int
	sent, got int
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(b)
	x.sent += n
	return n, err
}

func (x *exchange) Read(b []byte) (int, error) {
	n, err := x.body.Read(b)
	x.got += n
	return n, err
}

func (x *exchange) Close() error { return x.body.Close() }

// escaped writes the characters that would end a value, as nginx does.
var escaped = strings.NewReplacer(`"`, `\x22`, `\`, `\x5C`)

func (x *exchange) line(r *http.Request) string {
	length := len(r.Method) + len(r.RequestURI) + len(r.Host) + x.got
	for name, values := range r.Header {
		length += len(name) + len(strings.Join(values, ""))
	}
	sent := x.sent
	if r.Method == http.MethodHead {
		sent = 0
	}
	status := x.status
	if status == 0 { // nothing was answered
		status = http.StatusOK
		if r.Context().Err() != nil {
			status = 499
		}
	}
	address, _, _ := strings.Cut(r.RemoteAddr, ":")
	user, _, _ := r.BasicAuth()
	took := time.Since(x.start).Seconds()
	return fmt.Sprintf("%s - %s [%s] \"%s %s %s\" %d %d \"%s\" \"%s\" %.3f %d %.3f\n",
		address, orDash(user), time.Now().Format("02/Jan/2006:15:04:05 -0700"), r.Method, escaped.Replace(r.RequestURI), r.Proto,
		status, sent, orDash(r.Referer()), orDash(r.UserAgent()), took, length, took)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return escaped.Replace(s)
}
