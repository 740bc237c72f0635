package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// mtailProgram counts requests by operation, status and project, and how long they took. It has as few expressions as
// possible: one for each line. Its first bucket begins below 0: mtail puts a time of 0.000 into no bucket that begins at
// 0.
const mtailProgram = `counter requests by operation, code, project
histogram seconds by operation buckets -1, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300

/"(?P<method>[A-Z]+) \/v2\/((?P<project>[^ "]+)\/[^ \/"]+\/(?P<kind>manifests|blobs\/uploads|blobs|tags)\/)?(?P<rest>[^ "]*) HTTP\/1\.1" (?P<code>\d{3}) \d+ "[^"]*" "[^"]*" (?P<seconds>\d+\.\d+) / {
`

// mtailOperations stand in the order of how often they come in the log.
var mtailOperations = []struct{ condition, operation string }{
	{`$kind == "blobs" && $method == "GET"`, "blob_pull"},
	{`$kind == "manifests" && $method == "HEAD"`, "manifest_head"},
	{`$kind == "manifests" && $method == "GET"`, "manifest_pull"},
	{`$kind == "blobs" && $method == "HEAD"`, "blob_head"},
	{`$kind == "" && $rest == ""`, "ping"},
	{`$kind == "tags"`, "tags"},
	{`$kind == "blobs/uploads" && $method == "POST"`, "upload_start"},
	{`$kind == "blobs/uploads" && $method == "PATCH"`, "upload_chunk"},
	{`$kind == "blobs/uploads" && $method == "PUT"`, "upload_commit"},
	{`$kind == "manifests" && $method == "PUT"`, "manifest_push"},
	{`$kind == ""`, "catalog"},
}

// mtail reads the log with Debian's mtail.
func (b *bench) mtail(log string) (*reader, error) {
	var program strings.Builder
	program.WriteString(mtailProgram)
	for _, o := range mtailOperations {
		fmt.Fprintf(&program, "  %s {\n    requests[%q][$code][$project]++\n    seconds[%q] = $seconds\n    stop\n  }\n", o.condition, o.operation, o.operation)
	}
	program.WriteString("}\n")
	file := filepath.Join(b.dir, "registry.mtail")
	if err := os.WriteFile(file, []byte(program.String()), 0o600); err != nil {
		return nil, fmt.Errorf("writing a program for mtail: %w", err)
	}
	r, err := b.readBy("mtail", "mtail", "-one_shot", "-one_shot_format=prometheus", "-progs="+file, "-logs="+log, "-logtostderr", "-stderrthreshold=ERROR")
	if err != nil {
		return nil, err
	}
	r.series = len(mtailLine.FindAll(r.output, -1))
	return r, nil
}

var (
	mtailLine  = regexp.MustCompile(`(?m)^(requests|seconds\w*)\{(.*)\} (\S+)$`)
	mtailLabel = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// mtailCounts returns mtail's counts under the names that the exporter has.
func mtailCounts(page string) (map[string]float64, error) {
	counts := map[string]float64{}
	for _, line := range mtailLine.FindAllStringSubmatch(page, -1) {
		value, err := strconv.ParseFloat(line[3], 64)
		if err != nil {
			return nil, fmt.Errorf("reading mtail's %s: %w", line[0], err)
		}
		label := map[string]string{}
		for _, l := range mtailLabel.FindAllStringSubmatch(line[2], -1) {
			label[l[1]] = l[2]
		}
		operation, code := label["operation"], label["code"]
		switch line[1] {
		case "requests":
			if code[0] == '2' && moves[operation] {
				counts["ok "+operation+" "+label["project"]] += value
			}
			counts["requests "+operation+" "+code] += value
		case "seconds_count":
			counts["durations "+operation] += value
		case "seconds_bucket":
			if label["le"] != "+Inf" {
				counts["bucket "+operation+" "+label["le"]] += value
			}
		}
	}
	return counts, nil
}

// moves are the operations that the exporter counts by project.
var moves = map[string]bool{"manifest_pull": true, "blob_pull": true, "manifest_push": true, "upload_chunk": true, "upload_commit": true}
