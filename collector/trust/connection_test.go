package trust

import (
	"context"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestServersThatDoNotAnswer(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	for _, c := range []struct {
		name   string
		server *testserver.Raw
		want   string
	}{
		{"never answers", testserver.NewRaw(t, testserver.AfterRequest(testserver.Silent)), source.ReasonTimeout},
		{"one byte at a time for ever", testserver.NewRaw(t, testserver.AfterRequest(testserver.Endlessly(head+"\r\n", " ", 20*time.Millisecond))), source.ReasonTimeout},
		{"hangs up", testserver.NewRaw(t, testserver.AfterRequest(testserver.Send("", testserver.HangUp))), source.ReasonReset},
		{"hangs up in the page", testserver.NewRaw(t, testserver.AfterRequest(testserver.Send(head+"Content-Length: 1000\r\n\r\n{", testserver.HangUp))), source.ReasonShortRead},
		{"sends a page without end", testserver.NewRaw(t, testserver.AfterRequest(testserver.Endlessly(head+"\r\n", "                                ", 0))), source.ReasonTooLarge},
		{"speaks another protocol", testserver.NewRaw(t, testserver.AfterRequest(testserver.Send("SSH-2.0-OpenSSH_9.2p1\r\n", testserver.HangUp))), source.ReasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readerAt(t, "http://"+c.server.Address)
			limit := time.Minute
			if c.want == source.ReasonTimeout {
				limit = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			run := r.read(ctx)
			if got := source.Reason(run.Err); got != c.want {
				t.Errorf("reason %q, want %q (%v)", got, c.want, run.Err)
			}
			res := source.Result{Samples: run.Samples}
			if ok, found := res.Value(readSuccess); ok != 0 || !found || len(res.All(changesTotal)) > 0 {
				t.Errorf("it shows %v", run.Samples)
			}
		})
	}
}
