package runbooks

import (
	"regexp"
	"strings"
	"testing"
)

var (
	// harmful are commands that take an instance, a replica, data or a log away: done too early, they make an outage of a fault.
	harmful = regexp.MustCompile(`\bdepool\b|pooled=false|\bdown\b` + "`" + `|systemctl (stop|kill)\b|systemctl restart (docker-registry|redis-server)` +
		`|docker (stop|restart|rm|kill) |kubectl (delete|drain|scale|rollout)|emergency-repair|mirantis/dtr:VERSION remove|swift (delete|upload)` +
		`|\brm |\bkill\b|--vacuum|(?i:flush(all|db))|--force|garbage-collect /`)
	// alwaysForbidden are commands that no step has: they destroy what explains the fault, or what people stored.
	alwaysForbidden = regexp.MustCompile(`journalctl[^` + "`\n" + `]*--(vacuum|rotate)|(?i:flushall)|rm -r|remove[^` + "`\n" + `]*--force|swift delete CONTAINER(` + "`" + `|$)`)
	// irreversible are those of harmful that can stop the registry for everybody, or that nobody can undo.
	irreversible = regexp.MustCompile("depool`|pooled=false|systemctl stop redis-server|systemctl restart docker-registry|docker stop |docker restart [^`\n]*rethinkdb" +
		"|flushdb|emergency-repair --|mirantis/dtr:VERSION remove|`swift delete|`rm |`kill`")
	code    = regexp.MustCompile("(?s)```.*?```|`[^`\n]+`")
	warning = regexp.MustCompile(`\*\*([Oo]nly|Not)\b|Do not\b`)
)

// stepsOf are the numbered steps of "What to do".
func stepsOf(page string) []string {
	text := section(page, "What to do")
	var steps []string
	starts := step.FindAllStringIndex(text, -1)
	for i, s := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		steps = append(steps, text[s[0]:end])
	}
	return steps
}

// TestFirstStepLooksBeforeItActs: people type the first command first. It only looks, unless a restart is the only way to
// look.
func TestFirstStepLooksBeforeItActs(t *testing.T) {
	restartAfterALook := "on its host `systemctl restart redis-server`"
	eachRunbook(t, func(t *testing.T, _, page string) {
		first := strings.Replace(stepsOf(page)[0], restartAfterALook, "", 1)
		for _, c := range code.FindAllString(first, -1) {
			if found := harmful.FindString(c); found != "" {
				t.Errorf("the first step has %q in %s", found, c)
			}
		}
		if strings.Contains(first, "Depool") {
			t.Error("the first step takes an instance or a site away")
		}
	})
}

func TestNoStepDestroysWhatExplainsTheFault(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		if found := alwaysForbidden.FindString(page); found != "" {
			t.Errorf("%q", found)
		}
	})
}

// TestWarningStandsBeforeItsCommand: people copy a command from its grey box, and at best read what stands above it.
func TestWarningStandsBeforeItsCommand(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		for i, s := range stepsOf(page) {
			at := irreversible.FindStringIndex(s)
			if at != nil && !warning.MatchString(s[:at[0]]) {
				t.Errorf("step %d has %q, and no condition before it in bold", i+1, s[at[0]:at[1]])
			}
		}
	})
}

// TestOneAfterTheOther: when all instances of a registry are restarted at once, there is an outage.
func TestOneAfterTheOther(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		for i, s := range stepsOf(page) {
			at := strings.Index(s, "systemctl restart docker-registry")
			if at >= 0 && !regexp.MustCompile(`one (registry host|instance)`).MatchString(s[:at]) {
				t.Errorf("step %d restarts the registry, and does not say: one instance after the other", i+1)
			}
		}
	})
}

// TestOneCompanysToolIsAnExample: most people have other load balancers.
func TestOneCompanysToolIsAnExample(t *testing.T) {
	eachRunbook(t, func(t *testing.T, _, page string) {
		for _, s := range stepsOf(page) {
			at := regexp.MustCompile("`(confctl|depool|pool)\\b").FindStringIndex(s)
			if at != nil && !strings.Contains(s[:at[0]], "ith conftool") {
				t.Errorf("%q is not said to be of conftool", s[at[0]:at[1]])
			}
		}
	})
}
