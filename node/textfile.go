package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/source"
)

// The metrics of a textfile, with their HELP.
const (
	metricTrust = "registry_node_trust"
	metricCAEnd = "registry_node_ca_expiry_timestamp_seconds"
	metricRun   = "registry_node_last_run_timestamp_seconds"

	helpTrust = "1 if this runtime would pull from the registry, 0 if not, and why (registry_exporter node; what it reads and asks is in docs/node.md)."
	helpCAEnd = "When the CA ends by which this runtime trusts the certificate of the registry, in seconds since 1970; absent where it trusts none (registry_exporter node)."
	helpRun   = "When registry_exporter node last looked at this node, in seconds since 1970."
)

// WriteTextfile writes the verdicts for node_exporter's textfile collector, which reads *.prom. It replaces the file at once, so that
// nobody reads half of it; everybody may read it.
func (r *Report) WriteTextfile(file string, now time.Time) error {
	if filepath.Ext(file) != ".prom" {
		return fmt.Errorf("--textfile: node_exporter reads no file but *.prom, and not %s", file)
	}
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, ".registry_node-*") // node_exporter leaves it out
	if err != nil {
		return fmt.Errorf("--textfile: %w", err)
	}
	_, err = f.Write(r.textfile(now))
	for _, then := range []func() error{func() error { return f.Chmod(0o644) }, f.Sync} {
		if err == nil {
			err = then()
		}
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error before says what is wrong
		return fmt.Errorf("--textfile: %w", err)
	}
	return nil
}

// textfile is the content of the file: text of Prometheus, sorted.
func (r *Report) textfile(now time.Time) []byte {
	var b bytes.Buffer
	family := func(name, help string, lines []string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
		slices.Sort(lines)
		for _, line := range slices.Compact(lines) {
			b.WriteString(name + line + "\n")
		}
	}
	var trust, ends []string
	earliest := map[string]int64{} // by labels: a mirror and the registry may show certificates of one file
	for _, v := range r.Verdicts {
		who := labels("address", v.Address, "registry", v.Registry, "runtime", v.Runtime, "site", v.Site)
		reason := "none"
		if v.State == StateFailed {
			reason = forLabel(v.Reason)
		}
		trust = append(trust, fmt.Sprintf("{%s} %d", who+","+labels("reason", reason), int(source.Bool01(v.State != StateFailed))))
		for _, e := range v.Endpoints {
			if c := e.Certificate; c != nil && c.TrustedBy != "" {
				series, end := labels("file", c.TrustedBy)+","+who, c.CAEnds.Unix()
				if known, found := earliest[series]; !found || end < known {
					earliest[series] = end
				}
			}
		}
	}
	for series, end := range earliest {
		ends = append(ends, fmt.Sprintf("{%s} %d", series, end))
	}
	family(metricCAEnd, helpCAEnd, ends)
	family(metricRun, helpRun, []string{fmt.Sprintf(" %d", now.Unix())})
	family(metricTrust, helpTrust, trust)
	return b.Bytes()
}

// labels are pairs of name and value, as they stand between braces.
func labels(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(pairs[i+1], "\uFFFD"))
		all = append(all, pairs[i]+`="`+value+`"`)
	}
	return strings.Join(all, ",")
}
