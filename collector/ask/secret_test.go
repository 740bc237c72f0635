package ask

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"
)

func TestSecretThatIsTheBeginningOfAnother(t *testing.T) {
	hidden := Secrets{newSecret("hunter", ""), newSecret("hunter-of-two", ""), newSecret("hunter-of", "")}.Mask()
	if got := hidden.Hide("a hunter-of-two, a hunter-of, a hunter"); got != "a <secret>, a <secret>, a <secret>" {
		t.Errorf("got %q", got)
	}
}

func TestLastTwoValuesOfASecretAreMasked(t *testing.T) {
	file := testserver.TempFile(t, "password", []byte("password-1"))
	s := newSecret("", file)
	for i := 1; i <= 4; i++ {
		writeFile(t, file, fmt.Sprintf("password-%d\n", i))
		for range 2 {
			if value, err := s.Fetch(t.Context()); err != nil || value != fmt.Sprintf("password-%d", i) {
				t.Fatal(value, err)
			}
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := (Secrets{s}).Mask().Hide("password-2 password-3 password-4"); got != "password-2 <secret> <secret>" {
		t.Errorf("got %q", got)
	}
}

// A hanging is a secret on a file system that hangs until it is closed.
type hanging struct{ until chan struct{} }

func (h hanging) Fetch(context.Context) (string, error) { <-h.until; return "right-password", nil }

func (h hanging) Description() string { return "hangs" }

func (h hanging) Immutable() bool { return false }

func TestReadersOfASecretFileThatHangsShareOneReading(t *testing.T) {
	until := make(chan struct{})
	s := &Secret{SecretReader: hanging{until}}
	hung := s.read()
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := s.Fetch(ctx)
		cancel()
		if wantReason(t, err, source.ReasonTimeout); !source.IsUnasked(err) {
			t.Errorf("got %v", err)
		}
		if s.read() != hung {
			t.Error("there is a second reading")
		}
	}
	close(until)
	if <-hung.done; hung.text != "right-password" {
		t.Errorf("read %q: %v", hung.text, hung.err)
	}
}

func TestASecretFileThatHangsHoldsUpALoadForFiveSecondsAtMost(t *testing.T) {
	until := make(chan struct{})
	defer close(until)
	b := builderOf(t, "http://127.0.0.1:1", "", &Lockout{})
	start := time.Now()
	if err := b.isThere(&Secret{SecretReader: hanging{until}}, []any{"http"}); err == nil || time.Since(start) > maxLoad+time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

func TestOneSecretHasOneReader(t *testing.T) {
	file := testserver.TempFile(t, "password", []byte("right-password"))
	b := builderOf(t, "http://registry.invalid", `  backends: [http://10.0.0.1, http://10.0.0.2]
  http: {basic_auth: {username: monitor, password_file: `+file+`}}
  msr: {replicas: [http://10.0.0.3, http://10.0.0.4], http: {basic_auth: {username: admin, password: inline-password}}}
`, new(Lockout))
	for _, u := range append([]config.URL{b.URL}, b.Backends...) {
		if _, err := NewAccount(b, b.HTTP, u, "http"); err != nil {
			t.Fatal(err)
		}
	}
	clients := 0
	_, err := b.EachReplica(func(*Client) *source.Source { clients++; return nil })
	if err != nil || clients != 2 {
		t.Fatalf("%d clients of replicas, %v", clients, err)
	}
	if n := len(*b.Secrets); n != 2 {
		t.Errorf("%d readers of two secrets", n)
	}
}
