package accesslog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/accesslog/genlog"
)

// Any text is a format or an error; a format can be given again as the directive it came from.
func FuzzFormat(f *testing.F) {
	f.Add("combined", "$remote_addr")
	f.Add(named["combined"], "")
	f.Add(genlog.JSON, "upstream_addr")
	f.Add(`"$request" "$status"`, "server_name")
	f.Add("log_format x escape=none '$status' \"${request}\"; # end", "")
	f.Add(`$request_method $scheme://$host$uri$is_args$args $status`, "")
	f.Fuzz(func(t *testing.T, format, node string) {
		s, err := compile(format, node)
		if err != nil {
			return
		}
		var values [fields][]byte
		s.scan([]byte(`10.0.0.7 - - [21/Nov/2026:22:24:55 +0000] "GET /v2/ HTTP/1.1" 200 2 "-" "-"`), &values)
		read, err := readFormat(format)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readFormat("log_format again escape=" + read.escape + " '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(read.text) + "';")
		if err != nil || again != read {
			t.Errorf("%+v, %v, want %+v", again, err, read)
		}
	})
}

// Any line is cut into fields that the format puts together again, or is no line of it.
func FuzzScan(f *testing.F) {
	formats := []string{named["combined"], named["harbor"], genlog.Timed, genlog.JSON, full, `$scheme://$host$uri$is_args$args $request_method "$status"`}
	var counts []*Counts // compiled once, which takes as long as many lines do
	for _, format := range formats {
		counts = append(counts, newCounts(f, Options{Format: format, MaxProjects: 10}))
	}
	for i, log := range logs {
		for line := range bytes.Lines(logOf(20, log.appendLine)) {
			f.Add(byte(2+i), line)
		}
	}
	f.Add(byte(1), []byte(`10.0.0.7 - "GET /v2/a/b/manifests/x HTTP/1.1" 200 1234 "-" "docker/27" 0.016 0.000, 0.016 p`))
	f.Add(byte(4), []byte(`200 3000000 300 2.000 n1 a:1 HIT "GET /v2/a/b/blobs/`+testDigest+` HTTP/1.1"`))
	f.Fuzz(func(t *testing.T, n byte, text []byte) {
		c := counts[int(n)%len(counts)]
		c.tally = newTally(c.options)
		for line := range bytes.Lines(text) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			var values [fields][]byte
			if !c.scanner.scan(line, &values) {
				continue
			}
			rest := line[len(c.scanner.prefix):]
			for _, s := range c.scanner.steps {
				end := s.end(rest)
				if s.field != ignored && !s.dash && !bytes.Equal(values[s.field], rest[:end]) {
					t.Errorf("field %d is %q, want %q", s.field, values[s.field], rest[:end])
				}
				if rest = rest[end:]; !s.keep {
					rest = rest[len(s.until):]
				}
			}
			if len(rest) > 0 {
				t.Errorf("%q is left", rest)
			}
		}
		c.Add(text)
		lines := bytes.Count(text, []byte("\n"))
		if len(text) > 0 && text[len(text)-1] != '\n' {
			lines++
		}
		if c.parsed+c.unmatched != uint64(lines) {
			t.Errorf("%d parsed and %d unmatched of %d lines", c.parsed, c.unmatched, lines)
		}
		if c.parsed > 0 {
			restarted(t, c)
		}
	})
}

// The words of the protocol make the operation, and a repository is a part of the path.
func FuzzOperation(f *testing.F) {
	f.Add("GET", "/v2/a/b/manifests/latest")
	f.Add("GET", "/v2/a%2Fb/blobs/"+testDigest)
	f.Add("POST", "/x/v2/a/blobs/uploads/?mount=x&from=y")
	f.Add("PUT", "/v2/a/blobs/uploads/1?digest=x")
	f.Add("GET", "/v2/a/_trust/tuf/root.json")
	r := newReference(nil)
	f.Fuzz(func(t *testing.T, method, uri string) {
		path, query := splitURI([]byte(uri), make([]byte, 1<<10))
		got := classify([]byte(method), path, query)
		if len(uri) > 1<<10 {
			return // the reference has no limit
		}
		operation, repository, _ := r.operation(method, uri)
		if got.operation.String() != operation {
			t.Errorf("%v, want %s", got.operation, operation)
		}
		if operation != "other" && string(got.repository) != repository {
			t.Errorf("repository %q, want %q", got.repository, repository)
		}
		validName(projectOf(got.repository, AllButLast))
		blobKey(got.digest)
	})
}

// A state that can be decoded is encoded as the same counters. Any other state changes nothing.
func FuzzState(f *testing.F) {
	o := Options{Format: genlog.JSON, Node: "upstream_addr"}.withDefaults()
	c := newCounts(f, o)
	f.Add(c.encode())
	c.Add(logOf(100, (*genlog.Generator).AppendJSON))
	f.Add(c.encode())
	more := logOf(2, (*genlog.Generator).AppendJSON)
	f.Fuzz(func(t *testing.T, data []byte) {
		tally, err := decode(data, o)
		if err != nil {
			return
		}
		again, err := decode(tally.encode(), o)
		if err != nil || !bytes.Equal(again.encode(), tally.encode()) {
			t.Errorf("saved again it is something else (%v)", err)
		}
		c := newCounts(t, o)
		c.tally = tally
		c.Snapshot()
		c.Add(more)
		c.Snapshot()
	})
}

// FuzzPacked counts each line of a .gz once, up to where it can be unpacked.
func FuzzPacked(f *testing.F) {
	const most = 1 << 20 // bytes unpacked: tests of their own have more
	lines := string(logOf(300, (*genlog.Generator).AppendJSON))
	whole := gzipped(f, lines)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(whole[:len(whole)-8])
	f.Add(append(gzipped(f, lines[:777]), whole...))
	f.Add(append(bytes.Clone(whole), whole[:len(whole)/2]...))
	f.Add(append(bytes.Clone(whole), "garbage"...))
	f.Add(append(bytes.Clone(whole), make([]byte, 512)...))
	f.Add(gzipped(f, strings.Repeat("\x00", 2*maxLine)))
	f.Add(gzipped(f, strings.Repeat("\n", 1<<10)))
	f.Add(gzipped(f, strings.Repeat("x", 3*maxLine)+"\na\nb"))
	f.Add(gzipped(f, ""))
	f.Add([]byte{})
	f.Add([]byte("no gzip"))
	name := filepath.Join(f.TempDir(), "registry.log.1.gz")
	o := TailOptions{Lines: Options{Format: genlog.JSON, MaxProjects: 10}}
	f.Fuzz(func(t *testing.T, packed []byte) {
		want, size := linesIn(packed, most)
		if size == most {
			return
		}
		if err := os.WriteFile(name, packed, 0o600); err != nil {
			t.Fatal(err)
		}
		at, err := stat(name)
		if err != nil {
			t.Fatal(err)
		}
		tail, err := NewTailer(o, &sync.Mutex{})
		if err != nil {
			t.Fatal(err)
		}
		s := &stream{}
		tail.streams = []*stream{s}
		_, lost, problem := tail.unpack(s, nil, nil, at, time.Time{})
		for tail.readPackedFiles(s, time.Time{}) {
		}
		problem = errors.Join(problem, tail.loss.err)
		if !tail.isDone(at) {
			t.Error("it would be read again")
		}
		counts := tail.counts.(*Counts)
		got := counts.parsed + counts.unmatched + counts.tooLong
		if got > want || got < want && problem == nil {
			t.Errorf("%d lines are counted of %d, %v", got, want, problem)
		}
		if lost += int64(tail.lost); problem == nil && lost > 0 {
			t.Errorf("%d bytes are lost of a file that is whole", lost)
		}
	})
}

// linesIn is how many lines there are in a .gz, as far as it can be unpacked, and how many bytes, up to most.
func linesIn(packed []byte, most int64) (n uint64, size int) {
	gz, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return 0, 0
	}
	text, _ := io.ReadAll(io.LimitReader(gz, most))
	n = uint64(bytes.Count(text, []byte("\n")))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n, len(text)
}
