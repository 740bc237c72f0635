package trust

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/trust/fakenotary"
)

const (
	killedChanges  = 3000
	pollerFolder   = "TRUST_POLLER_FOLDER"
	pollerNotary   = "TRUST_POLLER_NOTARY"
	betweenChanges = time.Millisecond
)

// TestKilledWhilePolling kills the process that reads the feed every few hundredths of a second while changes are made. Its counters
// never go back, and each change is counted once in the end.
func TestKilledWhilePolling(t *testing.T) {
	server, dir := fakenotary.Start(t), t.TempDir()
	p := startPoller(t, server, dir)
	shown := p.shows(t, 0) // it has begun: from here on all changes count
	published := make(chan struct{})
	go func() {
		defer close(published)
		for i := range killedChanges {
			server.Publish(fmt.Sprintf("msr.example.org/library/%d", i%7), "update")
			time.Sleep(betweenChanges)
		}
	}()
	kills := 0
	for done := false; !done; kills++ {
		lives := time.After(20*time.Millisecond + rand.N(200*time.Millisecond))
		for alive := true; alive; {
			select {
			case <-published:
				alive, done = false, true
			case <-lives:
				alive = false
			default:
				shown = p.shows(t, shown)
			}
		}
		p.kill(t)
		p = startPoller(t, server, dir)
	}
	for limit := time.Now().Add(time.Minute); shown < killedChanges && time.Now().Before(limit); {
		shown = p.shows(t, shown)
	}
	for range 3 {
		shown = p.shows(t, shown)
	}
	p.kill(t)
	if shown != killedChanges {
		t.Errorf("%d changes are counted, %d were made", shown, killedChanges)
	}
	t.Logf("killed %d times", kills)
}

// A poller is a process that reads the feed all the time, and writes how many updates it shows after each run.
type poller struct {
	*exec.Cmd
	out *bufio.Scanner
}

func startPoller(t *testing.T, server *fakenotary.Server, dir string) *poller {
	t.Helper()
	p := &poller{Cmd: exec.Command(os.Args[0], "-test.run=^TestPollerProcess$")}
	p.Env = append(os.Environ(), pollerFolder+"="+dir, pollerNotary+"="+server.URL)
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewScanner(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// shows reads how many updates the process shows: by repository as many as in all, and no fewer than before.
func (p *poller) shows(t *testing.T, before int) int {
	t.Helper()
	if !p.out.Scan() {
		t.Fatal("the process says nothing more")
	}
	var updates, byName, lost int
	if _, err := fmt.Sscan(p.out.Text(), &updates, &byName, &lost); err != nil {
		t.Fatalf("%q: %s", p.out.Text(), err)
	}
	if updates < before || updates != byName || lost > 0 {
		t.Fatalf("%q after %d", p.out.Text(), before)
	}
	return updates
}

func (p *poller) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // says that it was killed
}

// TestPollerProcess is the process that TestKilledWhilePolling kills.
func TestPollerProcess(t *testing.T) {
	dir := os.Getenv(pollerFolder)
	if dir == "" {
		t.Skip("is for TestKilledWhilePolling")
	}
	s := newSource(t, "registries:\n- name: hub\n  url: https://msr.example.org\n  trust: {url: "+os.Getenv(pollerNotary)+"}\n", dir)
	for s.Probe.Once(t.Context()) {
		res := s.Get(t.Context(), time.Minute)
		if res.Err != nil {
			t.Fatal(res.Err)
		}
		lost, _ := res.Value(cursorLost)
		fmt.Println(sum(res.All(changesTotal)), sum(res.All(changesByRepository)), int(lost))
	}
}

func sum(samples []source.Sample) int {
	all := 0
	for _, s := range samples {
		all += int(s.Value)
	}
	return all
}
