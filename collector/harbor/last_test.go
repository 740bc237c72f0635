package harbor

import (
	"testing"
	"time"

	"registry_exporter/collector/source"
)

var testNow = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// ago is a time in an answer.
func ago(d time.Duration) moment { return moment(testNow.Add(-d).Format(time.RFC3339)) }

// shown has the samples about a policy by name.
func shown(p *policy, rows []execution, known memory) map[string]float64 {
	page := map[string]float64{}
	for _, s := range executionSamples(p, rows, testNow, known) {
		if s.Metric != lastTasks {
			page[s.Metric.Name] = s.Value
		}
	}
	return page
}

// TestFailing: a policy fails when the last execution that ended did, and Harbor does not try it again.
func TestFailing(t *testing.T) {
	ended := func(status string, d time.Duration) execution {
		return execution{Status: status, Trigger: triggerScheduled, Start: ago(d + time.Second), End: ago(d), Total: 2}
	}
	running := execution{Status: inProgress, Start: ago(time.Second), End: "0001-01-01T00:00:00.000Z"}
	for _, c := range []struct {
		name string
		rows []execution
		want float64 // -1: absent
	}{
		{"nothing has run", nil, -1},
		{"the first one runs", []execution{running}, -1},
		{"it went well", []execution{ended(succeeded, time.Second)}, 0},
		{"it failed, and may be tried again", []execution{ended(failed, 4*time.Minute)}, -1},
		{"it failed 6 minutes ago", []execution{ended(failed, 6*time.Minute)}, 1},
		{"it failed just now, and so did the one before", []execution{ended(failed, time.Second), ended(failed, 301*time.Second)}, 1},
		{"it failed just now, and the one before went well", []execution{ended(failed, time.Second), ended(succeeded, 301*time.Second)}, 0},
		{"it runs again after it failed", []execution{running, ended(failed, time.Hour)}, 1},
		{"it went well after it failed", []execution{ended(succeeded, time.Second), ended(failed, time.Hour)}, 0},
		{"somebody stopped it", []execution{ended("Stopped", time.Hour), ended(failed, 2*time.Hour)}, 0},
		{"no time is known of it", []execution{{Status: failed}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, found := shown(&policy{Name: "p"}, c.rows, memory{})[failing.Name]
			if !found {
				got = -1
			}
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestCopyOfAnEvent: the next event copies something else, so a copy that failed stays missing until a run of the whole policy.
func TestCopyOfAnEvent(t *testing.T) {
	p, known := &policy{ID: 3, Name: "p"}, memory{}
	p.Trigger.Type = triggerEvent
	event := func(id int64, status string, d time.Duration) execution {
		return execution{ID: id, Status: status, Trigger: triggerEvent, Start: ago(d), End: ago(d), Total: 1}
	}
	whole := func(id int64, status string, d time.Duration) execution {
		e := event(id, status, d)
		e.Trigger = triggerManual
		return e
	}
	for _, c := range []struct {
		name string
		rows []execution
		want float64
	}{
		{"a copy fails", []execution{event(1, failed, time.Hour)}, 1},
		{"the next event is copied", []execution{event(2, succeeded, 50*time.Minute), event(1, failed, time.Hour)}, 1},
		{"the failure is no longer among those that are asked for", []execution{event(2, succeeded, 50*time.Minute)}, 1},
		{"a whole run fails", []execution{whole(3, failed, 40*time.Minute)}, 1},
		{"a whole run goes well", []execution{whole(4, succeeded, 30*time.Minute)}, 0},
		{"it stays well", []execution{event(5, succeeded, time.Minute)}, 0},
		{"another copy fails", []execution{event(6, failed, 10*time.Minute), whole(4, succeeded, 30*time.Minute)}, 1},
		{"Harbor's next try of it goes well", []execution{event(6, succeeded, 10*time.Minute)}, 0},
	} {
		if got := shown(p, c.rows, known)[failing.Name]; got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	known.keepOnly(map[int64]bool{})
	if len(known) != 0 {
		t.Error("a policy that is gone is remembered")
	}
}

// TestLastSuccess: it is remembered when ten executions have failed since.
func TestLastSuccess(t *testing.T) {
	p, known := &policy{ID: 7, Name: "p"}, memory{}
	well := execution{Status: succeeded, Start: ago(2 * time.Hour), End: ago(time.Hour), Total: 1}
	want := source.Unix(testNow.Add(-time.Hour))
	if got := shown(p, []execution{well}, known)[lastSuccess.Name]; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := shown(p, []execution{{Status: failed, Start: ago(time.Minute)}}, known)[lastSuccess.Name]; got != want {
		t.Errorf("after failures: got %v, want %v", got, want)
	}
	justEnded := execution{Status: succeeded, Start: ago(time.Minute), End: "0001-01-01T00:00:00.000Z"}
	page := shown(p, []execution{justEnded}, known)
	if got := page[lastSuccess.Name]; got != source.Unix(testNow.Add(-time.Minute)) {
		t.Errorf("of one whose end is not known yet: got %v, want its start", got)
	}
	if page[copiedNothing.Name] != 1 {
		t.Error("one that copied nothing is not shown as such")
	}
}

// TestLastScheduled: a run by hand says nothing of the schedule.
func TestLastScheduled(t *testing.T) {
	p := &policy{Updated: ago(100 * time.Hour)}
	byHand := func(d time.Duration) execution {
		return execution{Status: succeeded, Trigger: triggerManual, Start: ago(d)}
	}
	var ten []execution
	for i := range maxExecutions {
		ten = append(ten, byHand(time.Duration(i+1)*time.Hour))
	}
	for _, c := range []struct {
		name string
		rows []execution
		want time.Duration
	}{
		{"it has begun none", nil, 100 * time.Hour},
		{"it has begun one", []execution{byHand(time.Hour), {Trigger: triggerScheduled, Start: ago(5 * time.Hour)}}, 5 * time.Hour},
		{"only people have", ten[:9], 100 * time.Hour},
		{"ten by hand hide it", ten, 10 * time.Hour},
		{"it was changed since", []execution{{Trigger: triggerScheduled, Start: ago(200 * time.Hour)}}, 100 * time.Hour},
	} {
		if got := testNow.Sub(lastScheduled(p, c.rows)); got != c.want {
			t.Errorf("%s: %s ago, want %s", c.name, got, c.want)
		}
	}
}
