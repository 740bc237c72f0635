// Package genlog writes access logs as a busy registry's web server does: for tests and benchmarks.
package genlog

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The formats of lines, as log_format of nginx has them.
const (
	Timed = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time $request_length`
	JSON  = `log_format registry escape=json '{"time":"$time_iso8601","client":"$remote_addr","user":"$remote_user","method":"$request_method",'
	'"uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"length":$request_length,"seconds":$request_time,'
	'"upstream":"$upstream_addr","upstream_seconds":"$upstream_response_time","agent":"$http_user_agent"}';`
)

// A Generator makes the same lines from the same seed.
type Generator struct {
	random  *rand.Rand
	now     time.Time
	names   []string
	weights []float64 // cumulative
	digests []string
	tags    []string
}

// New has 96 repositories, some far busier than others, and 4,000 layers.
func New(seed uint64) *Generator {
	g := &Generator{random: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 11, 20, 18, 40, 0, 0, time.UTC)}
	for _, group := range []string{"platform", "search", "payments", "media", "research", "warehouse", "tools", "edge"} {
		for _, image := range []string{"base", "api", "frontend", "worker", "cron", "migrate", "proxy", "golang", "python3", "nodejs22", "nginx", "exporter"} {
			g.names = append(g.names, group+"/"+image)
		}
	}
	g.random.Shuffle(len(g.names), func(i, j int) { g.names[i], g.names[j] = g.names[j], g.names[i] })
	sum := 0.0
	for i := range g.names {
		sum += math.Pow(float64(i+1), -0.9)
		g.weights = append(g.weights, sum)
	}
	for range 4000 {
		g.digests = append(g.digests, fmt.Sprintf("sha256:%016x%016x%016x%016x", g.random.Uint64(), g.random.Uint64(), g.random.Uint64(), g.random.Uint64()))
	}
	g.tags = []string{"latest", "stable", "v2.14.1"}
	for day := range 28 {
		g.tags = append(g.tags, fmt.Sprintf("2026-10-%02d-%06d-production", day+1, g.random.IntN(240000)))
	}
	return g
}

// A request is one line before it is written.
type request struct {
	method, uri, user string
	status            int
	bytes, length     int
	seconds           float64
}

// AppendTimed and AppendJSON append the next line, in the format of that name.
func (g *Generator) AppendTimed(b []byte) []byte {
	r := g.next()
	user := r.user
	if user == "" {
		user = "-"
	}
	return fmt.Appendf(b, "%s - %s [%s] \"%s %s HTTP/1.1\" %d %d \"-\" \"%s\" %.3f %s %d\n", g.client(), user,
		g.now.Format("02/Jan/2006:15:04:05 -0700"), r.method, r.uri, r.status, r.bytes, g.agent(), r.seconds, g.upstream(r), r.length)
}

func (g *Generator) AppendJSON(b []byte) []byte {
	r := g.next()
	return fmt.Appendf(b, `{"time":"%s","client":"%s","user":"%s","method":"%s","uri":"%s","status":%d,"bytes":%d,"length":%d,"seconds":%.3f,"upstream":"127.0.0.1:5000","upstream_seconds":"%s","agent":"%s"}`+"\n",
		g.now.Format("2006-01-02T15:04:05-07:00"), g.client(), r.user, r.method, r.uri, r.status, r.bytes, r.length, r.seconds, g.upstream(r), g.agent())
}

// upstream took a little less; now and then the first of two did not answer.
func (g *Generator) upstream(r request) string {
	took := max(0, r.seconds-0.001)
	if g.chance(0.002) {
		return fmt.Sprintf("0.001, %.3f", took)
	}
	return fmt.Sprintf("%.3f", took)
}

func (g *Generator) client() string {
	return fmt.Sprintf("10.%d.%d.%d", 64+128*g.random.IntN(2), g.random.IntN(48), 1+g.random.IntN(254))
}

func (g *Generator) agent() string {
	return one(g, []string{
		"containerd/2.0.5", "docker/27.5.1 go/go1.23.6 git-commit/27.5.1 kernel/6.12.9-amd64 os/linux arch/amd64 UpstreamClient(Docker-Client/27.5.1 (linux))",
		"skopeo/1.18.0", "buildkit/v0.19", "kaniko/1.23", "cri-o/1.32.1 go/go1.23.6 os/linux arch/amd64",
	})
}

func (g *Generator) next() request {
	g.now = g.now.Add(time.Duration(g.random.ExpFloat64() / 60 * float64(time.Second)))
	r := g.asked()
	g.answer(&r)
	return r
}

// asked is 46 % manifests, 38 % layers, 8 % uploads, 4 % tags and 4 % pings.
func (g *Generator) asked() request {
	v2 := "/v2/" + g.name()
	r := request{method: "GET", length: 300 + g.random.IntN(1300)}
	switch x := g.random.Float64(); {
	case x < 0.26:
		r.method, r.uri, r.seconds = "HEAD", v2+"/manifests/"+one(g, g.tags), g.logNormal(-4.2, 0.6)
	case x < 0.46:
		r.uri, r.bytes, r.seconds = v2+"/manifests/"+one(g, g.tags), 400+g.random.IntN(4600), g.logNormal(-3.9, 0.7)
		if g.chance(0.6) {
			r.uri = v2 + "/manifests/" + one(g, g.digests)
		}
	case x < 0.80:
		r.uri, r.bytes = v2+"/blobs/"+one(g, g.digests), int(min(3e9, g.logNormal(14.5, 2.2)))
		r.seconds = float64(r.bytes)/9e7 + g.logNormal(-3.5, 0.8)
	case x < 0.84:
		r.method, r.uri, r.seconds = "HEAD", v2+"/blobs/"+one(g, g.digests), g.logNormal(-4.5, 0.5)
	case x < 0.92:
		g.upload(&r, v2)
	case x < 0.96:
		r.uri, r.bytes, r.seconds = v2+"/tags/list", 50+g.random.IntN(4000), g.logNormal(-2.5, 0.8)
		if g.chance(0.2) {
			r.uri = "/v2/_catalog?n=100"
		}
	default:
		r.uri, r.bytes, r.seconds = "/v2/", 2, g.logNormal(-6, 0.4)
	}
	return r
}

func (g *Generator) upload(r *request, v2 string) {
	id := fmt.Sprintf("%s/blobs/uploads/%08x-%04x-4%03x-a%03x-%012x", v2, g.random.Uint32(), g.random.IntN(1<<16), g.random.IntN(1<<12), g.random.IntN(1<<12), g.random.Uint64()>>16)
	state := fmt.Sprintf("?_state=bGF5ZXIgc3RhdGU%016x%016x", g.random.Uint64(), g.random.Uint64())
	r.user, r.seconds = "ci-build", g.logNormal(-1.2, 1)
	switch x := g.random.Float64(); {
	case x < 0.34:
		r.method, r.uri = "POST", v2+"/blobs/uploads/"
	case x < 0.62:
		r.method, r.uri = "PATCH", id+state
		r.length += int(min(2e9, g.logNormal(14, 2)))
	case x < 0.90:
		r.method, r.uri = "PUT", id+state+"&digest=sha256%3A"+one(g, g.digests)[len("sha256:"):]
	default:
		r.method, r.uri = "PUT", v2+"/manifests/"+one(g, g.tags)
		r.length += 1500
	}
}

// answer is nearly always well; most that is not is the 401 that every login begins with.
func (g *Generator) answer(r *request) {
	r.status = map[string]int{"POST": 202, "PATCH": 202, "PUT": 201}[r.method]
	if r.status == 0 {
		r.status = 200
	}
	layer := r.method == "GET" && r.bytes > 100_000
	switch x := g.random.Float64(); {
	case x < 0.012 && r.user == "":
		r.status, r.bytes = 404, 159
	case x < 0.03 && (r.user != "" || r.uri == "/v2/"):
		r.status, r.bytes, r.user = 401, 87, ""
	case x > 0.994:
		r.status, r.bytes = one(g, []int{500, 502, 503}), 100+g.random.IntN(400)
	case x > 0.991:
		r.status, r.bytes, r.seconds = 504, 167, 60
	case x > 0.987 && layer:
		r.status, r.bytes = 499, r.bytes/3
	case x > 0.977 && layer:
		r.status = 206
	}
}

func (g *Generator) name() string {
	x := g.random.Float64() * g.weights[len(g.weights)-1]
	for i, w := range g.weights {
		if x < w {
			return g.names[i]
		}
	}
	return g.names[0]
}

func one[T any](g *Generator, all []T) T { return all[g.random.IntN(len(all))] }

func (g *Generator) chance(p float64) bool { return g.random.Float64() < p }

func (g *Generator) logNormal(mu, sigma float64) float64 {
	return math.Exp(mu + sigma*g.random.NormFloat64())
}
