package clients

import (
	"fmt"
	"slices"
	"strings"
)

// Names of clients and of probes, as the table and the list of disagreements show them.
const (
	containerd = "containerd"
	crane      = "crane"
	podman     = "podman" // run as skopeo, which has the same library

	pullProbe   = "pull"
	uploadProbe = "push-upload"
	imageProbe  = "push-image"
)

// A trial has the results of all clients and probes for one behaviour, by their names.
type trial struct {
	*behaviour
	pulls, pushes map[string]result
	ours          map[string]result
}

// An expectation is what the probe has to say. Without a state it may say anything.
type expectation struct {
	state   string   // ok or failed
	steps   []string // the probe may fail at any of them
	classes []string // of the steps
	reason  string
	alert   string
	never   string
}

// expect returns what is right for a pull or a push: the ruling of the row, the result of the client that the row
// follows, or the result on which all clients agree.
func (r ruling) expect(results map[string]result) (expectation, error) {
	e := expectation{reason: r.reason, alert: r.alert, never: r.never}
	if results[containerd].skipped != "" {
		return expectation{}, nil
	}
	if r.right != "" {
		state, step, _ := strings.Cut(r.right, " ")
		e.state = state
		return e.at(step), nil
	}
	judges := []string{containerd, crane}
	if r.follow != "" {
		judges = []string{r.follow}
	}
	switch same := agree(results); {
	case r.follow == "" && !same:
		return e, fmt.Errorf("clients differ, so the row has to say whom to follow, and why: %s", texts(results))
	case r.follow != "" && same && results[podman].skipped == "":
		return e, fmt.Errorf("clients agree, so the row need not say whom to follow: %s", texts(results))
	}
	for _, name := range judges {
		switch result := results[name]; {
		case result.skipped != "" && r.follow != "":
			return expectation{}, nil
		case result.skipped != "":
		case result.ok():
			e.state = "ok"
		default:
			e.state = "failed"
			e = e.at(result.step)
			if result.refused && !slices.Contains(e.classes, "auth") {
				e.classes = append(e.classes, "auth")
			}
		}
	}
	return e, nil
}

func (e expectation) at(step string) expectation {
	if step != "" && !slices.Contains(e.steps, step) {
		e.steps = append(e.steps, step)
		e.classes = append(e.classes, class(step))
	}
	return e
}

func agree(results map[string]result) bool {
	seen := map[bool]bool{}
	for _, r := range results {
		if r.skipped == "" {
			seen[r.ok()] = true
		}
	}
	return len(seen) == 1
}

func texts(results map[string]result) string {
	var all []string
	for name, r := range results {
		all = append(all, fmt.Sprintf("%s: %s %s %s", name, r.verdict(), r.text(), r.skipped))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// forUpload returns what mode: upload has to say when mode: image has to say e. mode: upload commits no blob and puts no
// manifest, so it need not fail at those steps.
func (r ruling) forUpload(e expectation) expectation {
	ends := func(step string) bool { return step != "auth" && step != "start" && step != "upload" }
	if r.unseen != "" || e.state == "failed" && slices.ContainsFunc(e.steps, ends) {
		return expectation{}
	}
	return e
}

// isMet says whether the result of the probe is what is expected.
func (e expectation) isMet(r result) bool {
	switch {
	case e.state == "":
		return true
	case e.never != "" && slices.Contains(r.alerts, e.never):
		return false
	case e.alert != "" && !slices.Contains(r.alerts, e.alert):
		return false
	case e.state == "ok":
		return r.ok() && len(r.pages) == 0
	case r.ok():
		return false
	}
	return slices.Contains(e.classes, class(r.step)) && (e.reason == "" || e.reason == r.reason)
}

func (e expectation) String() string {
	text := e.state
	if e.state == "failed" {
		text += " " + strings.Join(e.steps, " or ")
	}
	if e.state == "failed" && e.reason != "" {
		text += ", reason " + e.reason
	}
	if e.alert != "" {
		text += ", alert " + e.alert
	}
	if e.never != "" {
		text += ", never alert " + e.never
	}
	return text
}

// A disagreement is a probe that does not say what is expected: one line of the list.
type disagreement struct{ behaviour, probe, ours, right string }

func (d disagreement) String() string {
	return strings.Join([]string{d.behaviour, d.probe, d.ours, d.right}, " | ")
}

// key returns the behaviour and the probe.
func (d disagreement) key() string { return d.behaviour + " | " + d.probe }

// judge compares the results of the probes with what is right. open are the probes that are not judged, since no client
// could be asked.
func (t *trial) judge() (found []disagreement, open []string, err error) {
	pull, err := t.pull.expect(t.pulls)
	if err != nil {
		return nil, nil, fmt.Errorf("pull: %w", err)
	}
	push, err := t.push.expect(t.pushes)
	if err != nil {
		return nil, nil, fmt.Errorf("push: %w", err)
	}
	for _, one := range []struct {
		probe string
		want  expectation
	}{{pullProbe, pull}, {uploadProbe, t.push.forUpload(push)}, {imageProbe, push}} {
		d := disagreement{t.name, one.probe, said(t.ours[one.probe]), one.want.String()}
		if one.want.state == "" && t.ours[one.probe].skipped == "" {
			open = append(open, d.key())
		}
		if !one.want.isMet(t.ours[one.probe]) {
			found = append(found, d)
		}
	}
	return found, open, nil
}

// said writes the verdict of the probe, with its reason and the alerts of its report.
func said(r result) string {
	text := r.verdict()
	if r.reason != "" {
		text += " " + r.reason
	}
	alerts := slices.Clone(r.alerts)
	slices.Sort(alerts)
	if alerts = slices.Compact(alerts); len(alerts) > 0 {
		text += " [" + strings.Join(alerts, " ") + "]"
	}
	return text
}
