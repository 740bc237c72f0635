package msr

import (
	"crypto/x509"
	"fmt"
	"os"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// handedOut are authorities in PEM, as GET /ca has them.
func handedOut(t *testing.T, first *testserver.Authority, others ...*testserver.Authority) []byte {
	t.Helper()
	text, err := os.ReadFile(first.File(t, others...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCAThatMSRHandsOut(t *testing.T) {
	valid := func(years int) func(*x509.Certificate) {
		return testserver.Valid(time.Now().Add(-time.Hour), time.Now().AddDate(years, 0, 0))
	}
	ca, other := testserver.NewAuthority(t, "CA", nil, valid(3)), testserver.NewAuthority(t, "other CA", nil, valid(9))
	served := func(by *testserver.Authority, changes ...func(*x509.Certificate)) []*x509.Certificate {
		leaf, err := x509.ParseCertificate(by.Issue(t, changes...).Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return []*x509.Certificate{leaf}
	}
	young := testserver.Valid(time.Now().Add(-time.Minute), time.Now().AddDate(1, 0, 0))
	for _, c := range []struct {
		name   string
		body   []byte
		served []*x509.Certificate
		years  int    // until its end
		signed string // empty: not told
	}{
		{"without TLS", handedOut(t, ca), nil, 3, ""},
		{"signed it", handedOut(t, ca), served(ca, young), 3, "1"},
		{"signed it, among others", handedOut(t, other, ca), served(ca, young), 3, "1"},
		{"another one", handedOut(t, other), served(ca, young), 9, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			samples, err := parseCA(c.body, c.served)
			wantReason(t, err, "")
			res := source.Result{Samples: samples}
			end, _ := res.Value(caExpiry)
			if got := time.Until(source.UnixTime(end)).Hours() / 24 / 365; got < float64(c.years)-0.1 || got > float64(c.years)+0.1 {
				t.Errorf("ends in %.1f years, want %d", got, c.years)
			}
			signed := ""
			if v, told := res.Value(caSigned); told {
				signed = fmt.Sprint(v)
			}
			if signed != c.signed {
				t.Errorf("signed: %q, want %q", signed, c.signed)
			}
		})
	}
	t.Run("it was renewed after what it signed", func(t *testing.T) {
		old := served(ca, testserver.Valid(time.Now().AddDate(-1, 0, 0), time.Now().AddDate(1, 0, 0)))
		if samples, _ := parseCA(handedOut(t, ca), old); len(samples) != 2 || samples[1].Value != 1 {
			t.Errorf("%v", samples)
		}
	})
}

func TestAnswersThatAreNoCA(t *testing.T) {
	for _, body := range []string{"", "<html>Sign in</html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n"} {
		samples, err := parseCA([]byte(body), nil)
		wantReason(t, err, source.ReasonBadAnswer)
		if samples != nil {
			t.Errorf("%q: %v", body, samples)
		}
	}
}
