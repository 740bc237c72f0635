package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	run      = flag.String("fault", "", "faults to run, with commas between them; all for every one, ci for the most telling, soak for many scrapes of what hangs, push-killed for kills while it pushes, access-log for traffic while its log is rotated; empty: none")
	alerts   = flag.Bool("alerts", false, "wait for the alerts of each fault, and for their end; those of some are always waited for with -fault=ci")
	exporter = flag.String("exporter", "", "exporter to run; empty: built from this tree, with the race detector")
	stack    *Stack
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *run == "" {
		fmt.Println("end-to-end tests are not run: they take make e2e FAULT=NAME or make e2e-all")
		os.Exit(0)
	}
	code, err := withStack(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withStack(run func() int) (int, error) {
	if err := InstallPackages(); err != nil {
		return 1, err
	}
	binary, err := exporterBinary()
	if err != nil {
		return 1, err
	}
	began := time.Now()
	if stack, err = Start(binary, selectedFaults()); err != nil {
		return 1, err
	}
	fmt.Printf("the stack is up after %s\n", time.Since(began).Round(time.Millisecond))
	defer stack.Close()
	return run(), nil
}

func exporterBinary() (string, error) {
	if *exporter != "" {
		return filepath.Abs(*exporter)
	}
	binary := filepath.Join(os.TempDir(), "registry_exporter-e2e")
	build := exec.Command("go", "build", "-race", "-o", binary, ".")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the exporter: %w\n%s", err, out)
	}
	return binary, nil
}

// TestFaults breaks one thing after the other.
func TestFaults(t *testing.T) {
	ran := selected(t)
	for _, f := range ran {
		t.Run(f.Name, func(t *testing.T) {
			before := stack.requireHealthy(t, time.Now().Add(time.Minute))
			began := time.Now()
			seen, next := stack.breakOne(t, f, func() *look { return stack.requireTold(t, f, began.Add(f.Notice)) })
			told := seen.at.Sub(began)
			mended := time.Now()
			after := stack.requireHealthy(t, mended.Add(10*time.Second+f.Recover))
			if waitsForAlerts(f) {
				stack.requireAlerts(t, Fault{}, mended)
			}
			next.requireShown(t, stack, f)
			stack.requireForward(t, stack.counters(before), stack.counters(after), began)
			fmt.Printf("%-38s told after %5.1fs, page %5.2fs, well again after %5.1fs  %s\n",
				f.Name, told.Seconds(), seen.took.Seconds(), time.Since(mended).Seconds(), strings.Join(f.Fails, ", "))
		})
	}
	if slices.ContainsFunc(ran, waitsForAlerts) {
		stack.requireNothingElse(t, ran)
	}
}

func waitsForAlerts(f Fault) bool { return *alerts || *run == "ci" && f.CIAlerts }

// selectedFaults returns the faults that -fault names: all, or those of ci.
func selectedFaults() []Fault {
	names := strings.Split(*run, ",")
	return slices.DeleteFunc(slices.Clone(Faults), func(f Fault) bool {
		return *run != "all" && !(*run == "ci" && f.CI) && !slices.Contains(names, f.Name)
	})
}

// selected returns the faults to make. A name without a fault fails the test.
func selected(t *testing.T) []Fault {
	t.Helper()
	found, names := selectedFaults(), strings.Split(*run, ",")
	names = slices.DeleteFunc(names, func(n string) bool {
		return slices.ContainsFunc(found, func(f Fault) bool { return f.Name == n })
	})
	names = slices.DeleteFunc(names, func(n string) bool {
		return slices.Contains([]string{"all", "ci", "soak", "push-killed", "access-log"}, n)
	})
	if len(names) > 0 {
		t.Fatalf("no fault %q; e2e/faults.go lists them", names)
	}
	return found
}

// breakOne makes a fault, runs test and ends the fault, whatever test does. Before the end it waits for the alerts, and asks check
// for the next command.
func (s *Stack) breakOne(t *testing.T, f Fault, test func() *look) (*look, *nextCommand) {
	t.Helper()
	began := time.Now()
	if strings.HasPrefix(f.Asks, "x-") {
		must(t, s.askAlso(f.Asks))
		defer func() { must(t, s.askAlso()) }()
	}
	if f.Start != nil {
		defer func() { must(t, f.End(s)) }()
		must(t, f.Start(s))
	}
	seen := test()
	s.requireStored(t, f)
	if waitsForAlerts(f) {
		s.requireAlerts(t, f, began)
	}
	return seen, s.nextCommand(t, f)
}

// A look is the pages of several registries together.
type look struct {
	pages      []*page
	bad, fails []string
	took       time.Duration // of the slowest
	at         time.Time     // when all were there
}

// withoutProbes returns the look without results of probes.
func (l *look) withoutProbes() *look {
	return &look{pages: l.pages, bad: slices.DeleteFunc(slices.Clone(l.bad), isProbe), fails: slices.DeleteFunc(slices.Clone(l.fails), isProbe)}
}

func (s *Stack) look(asked []string, timeout time.Duration) (*look, error) {
	l := &look{pages: make([]*page, len(asked))}
	errs := make([]error, len(asked))
	var group sync.WaitGroup
	for i, instance := range asked {
		group.Go(func() { l.pages[i], errs[i] = s.probe(instance, timeout) })
	}
	group.Wait()
	for i, p := range l.pages {
		if errs[i] != nil {
			return nil, fmt.Errorf("probing %s: %w", asked[i], errs[i])
		}
		l.bad = append(l.bad, s.bad(p)...)
		l.fails = append(l.fails, s.failures(p)...)
		l.took = max(l.took, p.took)
	}
	slices.Sort(l.bad)
	slices.Sort(l.fails)
	l.at = time.Now()
	return l, nil
}

// mismatch says how a look differs from what the fault must show.
func (s *Stack) mismatch(l *look, f Fault) string {
	got, want := f.steady(l.bad), slices.Sorted(slices.Values(f.Bad))
	if !slices.Equal(got, want) {
		return fmt.Sprintf("verdicts that are 0:\n  got  %q\n  want %q", got, want)
	}
	got, want = f.steady(l.fails), slices.Sorted(slices.Values(f.Fails))
	if !slices.Equal(got, want) {
		return fmt.Sprintf("sources that fail:\n  got  %q\n  want %q", got, want)
	}
	for selector, value := range f.Values {
		if got, found := s.value(l.pages, selector); !found || got != value {
			return fmt.Sprintf("%s: got %v (found: %t), want %v", selector, got, found, value)
		}
	}
	for selector, least := range f.AtLeast {
		if got, found := s.value(l.pages, selector); !found || got < least {
			return fmt.Sprintf("%s: got %v (found: %t), want at least %v", selector, got, found, least)
		}
	}
	return ""
}

// busyTime is what a machine that does other work besides may add until a fault is told, or is over: programs of the stack
// answer late there, and the page says so.
const busyTime = 30 * time.Second

// requireTold waits until the pages say what the fault must look like: by end all that is read with each page, and by probeTime
// later what probes find. A busy machine has busyTime on top of both. A page that takes twice as long as Prometheus waits is a fault of ours.
func (s *Stack) requireTold(t *testing.T, f Fault, end time.Time) *look {
	t.Helper()
	asked := instances
	if f.Asks != "" {
		asked = []string{f.Asks}
	}
	for {
		l, err := s.look(asked, scrapeTimeout)
		if err != nil {
			t.Fatal(err)
		}
		if l.took > 2*scrapeTimeout {
			t.Errorf("a page took %s, and Prometheus waits %s", l.took, scrapeTimeout)
		}
		wrong := s.mismatch(l, f)
		if wrong == "" {
			return l
		}
		late := s.mismatch(l.withoutProbes(), f.withoutProbes())
		switch now := time.Now(); {
		case late != "" && now.After(end.Add(busyTime)):
			t.Fatal(late)
		case now.After(end.Add(probeTime + busyTime)):
			t.Fatal(wrong)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (s *Stack) requireHealthy(t *testing.T, end time.Time) *look {
	t.Helper()
	return s.requireTold(t, Fault{Name: "healthy", Recover: time.Until(end)}, end)
}
