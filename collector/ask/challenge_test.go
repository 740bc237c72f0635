package ask

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

type params = map[string]string

func TestParseChallenges(t *testing.T) {
	for _, c := range []struct {
		name, header string
		want         []Challenge
	}{
		{"empty", "", nil},
		{"spaces and commas only", " , ,\t", nil},
		{"basic", `Basic realm="Registry"`, []Challenge{{"basic", params{"realm": "Registry"}, ""}}},
		{"basic of a realm with spaces and a comma", `Basic realm="Registry, of all"`, []Challenge{{"basic", params{"realm": "Registry, of all"}, ""}}},
		{"scheme alone", `Negotiate`, []Challenge{{"negotiate", params{}, ""}}},
		{"odd case", `BEARER Realm="https://r/t",SERVICE="x"`, []Challenge{{"bearer", params{"realm": "https://r/t", "service": "x"}, ""}}},
		{"Docker Hub", `Bearer realm="https://auth.example.org/token",service="registry.example.org"`, []Challenge{
			{"bearer", params{"realm": "https://auth.example.org/token", "service": "registry.example.org"}, ""},
		}},
		{"with scope and error", `Bearer realm="https://r/auth/token",service="r",scope="repository:a/b:pull,push",error="insufficient_scope"`, []Challenge{
			{"bearer", params{"realm": "https://r/auth/token", "service": "r", "scope": "repository:a/b:pull,push", "error": "insufficient_scope"}, ""},
		}},
		{"no quotes", `Bearer realm=https://r/t?a, service=x`, []Challenge{{"bearer", params{"realm": "https"}, "realm"}}},
		{"no quotes where none are needed", `Bearer realm="https://r/t", service=registry.example.org`, []Challenge{{"bearer", params{"realm": "https://r/t", "service": "registry.example.org"}, ""}}},
		{"no quotes round a port", `Bearer service=r:5000, realm="https://r/t"`, []Challenge{{"bearer", params{"service": "r"}, "service"}}},
		{"spaces around the equals sign", `Bearer realm = "https://r/t" , service	=	x`, []Challenge{{"bearer", params{"realm": "https://r/t", "service": "x"}, ""}}},
		{"no commas", `Bearer realm="https://r/t" service="x"`, []Challenge{{"bearer", params{"realm": "https://r/t", "service": "x"}, ""}}},
		{"escapes", `Basic realm="a \"quoted\" \\ word"`, []Challenge{{"basic", params{"realm": `a "quoted" \ word`}, ""}}},
		{"quote that does not end", `Basic realm="a, b`, []Challenge{{"basic", params{"realm": "a, b"}, ""}}},
		{"escape at the end", `Basic realm="a\`, []Challenge{{"basic", params{"realm": `a\`}, ""}}},
		{"empty value", `Bearer realm="",service=`, []Challenge{{"bearer", params{"realm": "", "service": ""}, ""}}},
		{"two schemes in one header", `Basic realm="x", Bearer realm="https://r/t",service="y"`, []Challenge{
			{"basic", params{"realm": "x"}, ""}, {"bearer", params{"realm": "https://r/t", "service": "y"}, ""},
		}},
		{"a scheme alone before another", `Negotiate, Basic realm="x"`, []Challenge{{"negotiate", params{}, ""}, {"basic", params{"realm": "x"}, ""}}},
		{"the last of two values counts", `Basic realm="x", realm="y"`, []Challenge{{"basic", params{"realm": "y"}, ""}}},
		{"parameter of no scheme", `realm="x"`, nil},
		{"a quote instead of a scheme", `"Basic" realm="x"`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseChallenges(c.header); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheStrongestChallengeCounts(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"none", nil, ""},
		{"basic and then bearer", []string{`Basic realm="x"`, `Bearer realm="https://r/t"`}, "bearer"},
		{"bearer and then basic", []string{`Bearer realm="https://r/t"`, `Basic realm="x"`}, "bearer"},
		{"both in one header", []string{`Basic realm="x", Bearer realm="https://r/t"`}, "bearer"},
		{"an unknown one and then basic", []string{`Negotiate`, `Basic realm="x"`}, "basic"},
		{"unknown ones: the first", []string{`Negotiate`, `NTLM`}, "negotiate"},
		{"an unreadable one and then basic", []string{`"`, `Basic realm="x"`}, "basic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ChallengeOf(http.Header{"Www-Authenticate": c.headers}).Scheme; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{
		`Bearer realm="https://r/t",service="x",scope="repository:a/b:pull"`, `Basic realm="a\"b", Negotiate abc==`,
		`realm="x"`, `a,b,c=d=e="f`, "\x00=\xff", `Bearer realm=`, `"\`, strings.Repeat("a,", 100),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		size := 0
		for _, c := range parseChallenges(header) {
			if c.Scheme == "" || c.Params == nil {
				t.Errorf("a challenge without a scheme or parameters: %v", c)
			}
			size += len(c.Scheme)
			for name, value := range c.Params {
				if name == "" {
					t.Errorf("a parameter without a name: %v", c)
				}
				size += len(name) + len(value)
			}
		}
		if limit := 3 * len(header); size > limit { // lower case may be longer
			t.Errorf("%d bytes came out of %d", size, len(header))
		}
	})
}
