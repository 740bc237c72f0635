package ask

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// Pages are without a login: what a name resolves to, and our own address, are for the log.
func TestErrorsOfAConnectionNameNoAddresses(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"before the answer": testserver.Reset,
		"in the body":       testserver.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", testserver.Reset),
	} {
		t.Run(name, func(t *testing.T) {
			server := testserver.NewRaw(t, testserver.AfterRequest(answer))
			a := accountOf(t, "http://"+server.Address, "", &Lockout{})
			_, err := a.Get(t.Context(), a.Plain, "/v2/", MaxSmallBody)
			wantReason(t, err, source.ReasonReset)
			if host, _, _ := net.SplitHostPort(server.Address); err == nil || strings.Contains(err.Error(), host) {
				t.Errorf("the words name an address: %v", err)
			}
			if !strings.Contains(source.Detail(err), "->") || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the log does not name it: %q", source.Detail(err))
			}
		})
	}
}

// A redirect is too long for who has named it: the connection breaks while we write.
func TestAWriteThatBreaksNamesNoAddresses(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	_, err = quietConn{conn}.Write([]byte("x"))
	if err == nil || strings.Contains(err.Error(), "127.0.0.1") || !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}
