package accesslog

import (
	"regexp"
	"strconv"
	"strings"
)

// The reference says the same as Counts in the plainest way: regular expressions and maps. It takes each name for a
// project that was used once, so it wants more places than there are names.
type reference struct {
	line                []*regexp.Regexp // one for each field: the field, and the text behind it
	fields              []string
	rows                map[string]float64
	projects, upstreams map[string]bool
	sizes               map[uint64][]referenceBlob // the last four of each set
}

type referenceBlob struct {
	digest string
	size   int
}

// referenceFields is the format as the reference reads it: a field, what it may be made of, and the text behind it.
type referenceField struct{ name, kind, behind string }

const (
	anything  = `(?s:(.*?))`
	quoted    = `(?s:((?:\\.|[^\\])*?))`
	nothing   = `()`
	upstreams = "" // by hand: endOfUpstreams
)

var references = map[string][]referenceField{
	"timed": {
		{"", anything, ` - `},
		{"", anything, ` [`},
		{"", anything, `] "`},
		{"request", quoted, `" `},
		{"status", anything, ` `},
		{"bytes", anything, ` "`},
		{"", quoted, `" "`},
		{"", quoted, `" `},
		{"seconds", anything, ` `},
		{"", upstreams, ` `},
		{"length", anything, ``},
	},
	"json": {
		{"", nothing, `{"time":"`},
		{"", quoted, `","client":"`},
		{"", quoted, `","user":"`},
		{"", quoted, `","method":"`},
		{"method", quoted, `","uri":"`},
		{"uri", quoted, `","status":`},
		{"status", anything, `,"bytes":`},
		{"bytes", anything, `,"length":`},
		{"length", anything, `,"seconds":`},
		{"seconds", anything, `,"upstream":"`},
		{"upstream", quoted, `","upstream_seconds":"`},
		{"", quoted, `","agent":"`},
		{"", quoted, `"}`},
	},
}

func newReference(fields []referenceField) *reference {
	r := &reference{rows: map[string]float64{}, projects: map[string]bool{}, upstreams: map[string]bool{}, sizes: map[uint64][]referenceBlob{}}
	for _, f := range fields {
		expression := `\A` + f.kind + regexp.QuoteMeta(f.behind)
		if f.behind == "" {
			expression = `(?s)\A(.*)\z`
		}
		if f.kind == "" {
			expression = ""
		}
		r.line = append(r.line, regexp.MustCompile(expression))
		r.fields = append(r.fields, f.name)
	}
	return r
}

// cut is the fields by name, or nil. The last text must be the end of the line.
func (r *reference) cut(line string) map[string]string {
	fields := map[string]string{}
	for i, e := range r.line {
		if e.String() == "" {
			end := endOfUpstreams(line)
			if end < 0 {
				return nil
			}
			line = line[end+1:]
			continue
		}
		m := e.FindStringSubmatch(line)
		if m == nil {
			return nil
		}
		fields[r.fields[i]] = m[1]
		line = line[len(m[0]):]
	}
	if line != "" {
		return nil
	}
	return fields
}

// endOfUpstreams is the first space that neither ", " nor " : " has.
func endOfUpstreams(line string) int {
	masked := strings.ReplaceAll(line, ", ", "xx")
	for {
		i := strings.Index(masked, " : ")
		if i < 0 {
			break
		}
		masked = masked[:i] + "xxx" + masked[i+3:]
	}
	return strings.Index(masked, " ")
}

var (
	referenceRequest = regexp.MustCompile(`(?s)\A([^ ]*) (.*?)(?: [^ ]*)?\z`)
	referenceV2      = regexp.MustCompile(`(?s)\A(?:|.*?)/v2/(.*)\z`)
	referencePaths   = []struct {
		methods map[string]string
		path    *regexp.Regexp
	}{
		{map[string]string{"GET": "manifest_pull", "HEAD": "manifest_head", "PUT": "manifest_push", "DELETE": "manifest_delete"}, regexp.MustCompile(`(?s)\A(.+)/manifests/([^/]+)\z`)},
		{map[string]string{"PATCH": "upload_chunk", "PUT": "upload_commit", "GET": "upload_status", "HEAD": "upload_status", "DELETE": "upload_cancel"}, regexp.MustCompile(`(?s)\A(.+)/blobs/uploads/([^/]+)\z`)},
		{map[string]string{"POST": "upload_start"}, regexp.MustCompile(`(?s)\A(.+)/blobs/uploads/?\z`)},
		{map[string]string{"GET": "blob_pull", "HEAD": "blob_head", "DELETE": "blob_delete"}, regexp.MustCompile(`(?s)\A(.+)/blobs/([^/]+)\z`)},
		{map[string]string{"GET": "tags", "HEAD": "tags"}, regexp.MustCompile(`(?s)\A(.+)/tags/list\z`)},
		{map[string]string{"GET": "catalog", "HEAD": "catalog"}, regexp.MustCompile(`\A_catalog\z`)},
		{map[string]string{"GET": "ping", "HEAD": "ping"}, regexp.MustCompile(`\A\z`)},
		{map[string]string{"GET": "token", "HEAD": "token", "POST": "token"}, regexp.MustCompile(`\A(token|auth)\z`)},
	}
	referenceTrust   = regexp.MustCompile(`(?s)(\A|/)_trust/`)
	referenceToken   = regexp.MustCompile(`(?s)/(token|auth)/?\z`)
	referenceEscape  = regexp.MustCompile(`%[0-9a-fA-F]{2}`)
	referenceName    = regexp.MustCompile(`\A[a-z0-9]([._-]*[a-z0-9])*(/[a-z0-9]([._-]*[a-z0-9])*)*\z`)
	referenceNumber  = regexp.MustCompile(`\A([0-9]+|-|)\z`)
	referenceTime    = regexp.MustCompile(`\A([0-9]+\.?[0-9]*|\.[0-9]+|-|)\z`)
	referenceBetween = regexp.MustCompile(`, | : `)
	referenceLabel   = regexp.MustCompile(`\A[ -~]{1,200}\z`)
	referenceCodes   = regexp.MustCompile(`\A(101|20[012467]|30[0123478]|40[0-9]|41[0-7]|42[1-689]|431|444|451|49[45679]|50[0-9]|51[01]|52[0-6]|530)\z`)
	referenceStatus  = regexp.MustCompile(`\A[0-9]{3}\z`)
)

// operation is what a request asks, of which repository and blob.
func (r *reference) operation(method, uri string) (operation, repository, digest string) {
	path, query, _ := strings.Cut(uri, "?")
	path = referenceEscape.ReplaceAllStringFunc(path, func(s string) string {
		b, _ := strconv.ParseUint(s[1:], 16, 8)
		return string([]byte{byte(b)})
	})
	m := referenceV2.FindStringSubmatch(path)
	if m == nil {
		switch {
		case strings.HasSuffix(path, "/v2") && (method == "GET" || method == "HEAD"):
			return "ping", "", ""
		case !strings.HasSuffix(path, "/v2") && referenceToken.MatchString(path) && (method == "GET" || method == "HEAD" || method == "POST"):
			return "token", "", ""
		}
		return "other", "", ""
	}
	for _, p := range referencePaths {
		of := p.path.FindStringSubmatch(m[1])
		if of == nil {
			continue
		}
		operation = p.methods[method]
		if operation == "" {
			return "other", "", ""
		}
		if len(of) > 1 {
			repository, digest = of[1], of[len(of)-1]
		}
		if operation == "upload_start" {
			query = "&" + query
			switch {
			case strings.Contains(query, "&mount="):
				operation = "blob_mount"
			case strings.Contains(query, "&digest="):
				operation = "upload_commit"
			}
		}
		return operation, repository, digest
	}
	if referenceTrust.MatchString(m[1]) {
		return "trust", "", ""
	}
	return "other", "", ""
}

func (r *reference) add(n float64, name string, labels ...string) {
	r.rows[name+"{"+strings.Join(labels, ",")+"}"] += n
}

func (r *reference) read(line string) {
	f := r.cut(line)
	if f == nil || !referenceStatus.MatchString(f["status"]) || !referenceNumber.MatchString(f["bytes"]) ||
		!referenceNumber.MatchString(f["length"]) || !referenceTime.MatchString(f["seconds"]) {
		r.add(1, "lines", "unmatched")
		return
	}
	bytes, sent := referenceInt(f["bytes"])
	length, received := referenceInt(f["length"])
	if bytes > maxNumber || length > maxNumber {
		r.add(1, "lines", "unmatched")
		return
	}
	r.add(1, "lines", "parsed")
	method, uri := f["method"], f["uri"]
	if m := referenceRequest.FindStringSubmatch(f["request"]); m != nil {
		method, uri = m[1], m[2]
	}
	operation, repository, digest := r.operation(method, uri)
	took, timed := referenceMicros(f["seconds"])
	r.add(1, "requests", operation, referenceCode(f["status"]))
	if timed {
		r.add(1, "durations", operation)
	}
	status, _ := strconv.Atoi(f["status"])
	direction := map[string]string{"manifest_pull": "out", "blob_pull": "out", "manifest_push": "in", "upload_chunk": "in", "upload_commit": "in"}[operation]
	if status == 404 && strings.HasPrefix(operation, "upload_c") && operation != "upload_cancel" {
		r.add(1, "upload_lost")
	}
	if direction == "" {
		r.add(float64(bytes), "bytes", operation, "out", "")
		r.add(float64(length), "bytes", operation, "in", "")
		return
	}
	p := r.project(repository, status)
	r.add(1, "operations", operation, p, referenceOutcome(status))
	moved := bytes
	if direction == "out" {
		r.add(float64(bytes), "bytes", operation, "out", p)
		r.add(float64(length), "bytes", operation, "in", "")
	} else {
		moved = length
		r.add(float64(length), "bytes", operation, "in", p)
		r.add(float64(bytes), "bytes", operation, "out", "")
	}
	if _, logged := f["upstream"]; logged && direction == "out" && referenceOutcome(status) == "ok" {
		upstreams := referenceBetween.Split(f["upstream"], -1)
		r.add(1, "upstreams", r.upstream(upstreams[len(upstreams)-1]))
	}
	if operation == "blob_pull" && status == 200 && sent {
		r.pulled(digest, bytes)
	}
	if layer := operation == "blob_pull" && sent || operation == "upload_chunk" && received || operation == "upload_commit" && length > 32<<10; layer && timed {
		r.layer(direction, p, status, moved, took)
	}
}

// layer counts one that moved bytes in so many microseconds, unless an error ended it.
func (r *reference) layer(direction, project string, status, moved int, took float64) {
	if status/100 != 2 && status != 499 {
		return
	}
	r.add(took, "transfer_seconds", direction, project)
	r.add(1, "layers", direction, project)
	slow := 0.0
	if took > 5e6 && float64(moved)/took < 1 {
		slow = 1
	}
	r.add(slow, "slow_layers", direction, project)
}

func (r *reference) upstream(name string) string {
	if name == "" || name == "-" {
		name = "none"
	}
	switch {
	case r.upstreams[name]:
		return name
	case len(r.upstreams) == maxNodes || !referenceLabel.MatchString(name):
		return "other"
	}
	r.upstreams[name] = true
	return name
}

func (r *reference) project(repository string, status int) string {
	p := repository
	if i := strings.LastIndex(p, "/"); i > 0 {
		p = p[:i]
	}
	if status/100 == 2 && referenceName.MatchString(p) && len(p) <= 200 && p != "other" {
		r.projects[p] = true
	}
	if r.projects[p] {
		return p
	}
	return "other"
}

func (r *reference) pulled(digest string, size int) {
	if size == 0 {
		if digest != emptyDigest {
			r.add(1, "empty_pulls")
		}
		return
	}
	key := blobKey([]byte(digest))
	if key == 0 {
		return
	}
	start := strings.Index(digest, ":") + 1
	digest = digest[start : start+16]
	set := r.sizes[key%blobSets]
	for i, b := range set {
		if b.digest == digest {
			if size < b.size {
				r.add(1, "incomplete_pulls")
			}
			b.size = max(b.size, size)
			r.sizes[key%blobSets] = append([]referenceBlob{b}, append(append([]referenceBlob{}, set[:i]...), set[i+1:]...)...)
			return
		}
	}
	set = append([]referenceBlob{{digest, size}}, set...)
	r.sizes[key%blobSets] = set[:min(len(set), blobsPerSet)]
}

func referenceInt(s string) (int, bool) {
	if s == "-" || s == "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		n = maxNumber + 1
	}
	return n, true
}

// referenceMicros leaves off what is finer.
func referenceMicros(s string) (float64, bool) {
	if s == "-" || s == "" {
		return 0, false
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n, _ := strconv.ParseFloat(whole+(fraction + "000000")[:6], 64)
	return min(n, 1e6*(1<<17)), true
}

func referenceCode(status string) string {
	if referenceCodes.MatchString(status) {
		return status
	}
	return "other"
}

func referenceOutcome(status int) string {
	switch {
	case status == 401:
		return "unauthorized"
	case status == 429:
		return "rate_limited"
	case status == 499 || status < 100:
		return "canceled"
	case status >= 500:
		return "server_error"
	case status >= 400:
		return "client_error"
	}
	return "ok"
}
