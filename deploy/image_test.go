package deploy

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// root is the folder of the project.
const root = ".."

const maxSize = 25_000_000

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A stage is the part of the Dockerfile from one FROM to the next.
type stage struct {
	name, base string
	steps      []step
}

type step struct{ instruction, args string }

func (s *stage) all(instruction string) (args []string) {
	for _, one := range s.steps {
		if one.instruction == instruction {
			args = append(args, one.args)
		}
	}
	return args
}

// env returns the environment that the image sets.
func (s *stage) env() map[string]string {
	set := map[string]string{}
	for _, one := range s.all("ENV") {
		name, value, _ := strings.Cut(one, "=")
		set[name] = value
	}
	return set
}

// readDockerfile reads a Dockerfile with one instruction a line, as ours is.
func readDockerfile(t *testing.T) (stages []*stage) {
	t.Helper()
	for line := range strings.Lines(readFile(t, "Dockerfile")) {
		instruction, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case instruction == "" || instruction[0] == '#':
		case instruction == "FROM":
			base, name, _ := strings.Cut(args, " AS ")
			stages = append(stages, &stage{name: name, base: base})
		default:
			last := stages[len(stages)-1]
			last.steps = append(last.steps, step{instruction, args})
		}
	}
	return stages
}

// images returns the two images of the Dockerfile: the exporter's, which is the last stage, and the demo's.
func images(t *testing.T) (exporter, demo *stage) {
	t.Helper()
	stages := readDockerfile(t)
	demoAt := slices.IndexFunc(stages, func(s *stage) bool { return s.name == "demo" })
	if demoAt < 0 {
		t.Fatal("no stage is called demo")
	}
	return stages[len(stages)-1], stages[demoAt]
}

func TestImagesHoldLittleAndRunAsNobody(t *testing.T) {
	exporter, demo := images(t)
	for name, s := range map[string]*stage{"exporter": exporter, "demo": demo} {
		if s.base != "scratch" || len(s.all("RUN")) > 0 {
			t.Errorf("%s: from %s", name, s.base)
		}
		if got := s.all("USER"); !slices.Equal(got, []string{"65534:65534"}) {
			t.Errorf("%s: user %q: Kubernetes wants a number to know that it is not root", name, got)
		}
		health := s.all("HEALTHCHECK")
		if len(health) != 1 || !strings.HasSuffix(health[0], `CMD ["/registry_exporter", "healthcheck"]`) {
			t.Errorf("%s: health check %q", name, health)
		}
	}
}

const stateVariable = "REGISTRY_EXPORTER_STATE_DIR"

// A new volume gets the owner of the folder in the image: the user of the image must be able to write to it.
func TestStateIsOnAVolumeOfTheUser(t *testing.T) {
	exporter, _ := images(t)
	dir, user := exporter.env()[stateVariable], exporter.all("USER")[0]
	if got := exporter.all("VOLUME"); dir == "" || !slices.Equal(got, []string{dir}) {
		t.Errorf("volumes %q, the state is in %q", got, dir)
	}
	if want := "--from=build --chown=" + user + " /src/state " + dir; !slices.Contains(exporter.all("COPY"), want) {
		t.Errorf("no COPY %s", want)
	}
}

// The test runs the build commands of the Dockerfile, and wants the files that the Dockerfile then copies.
func TestBuildOfTheDockerfile(t *testing.T) {
	src := copyContext(t)
	for _, s := range readDockerfile(t) {
		for _, line := range s.all("RUN") {
			cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", line)
			cmd.Dir, cmd.Env = src, append(os.Environ(), "VERSION=1.2.3", "REVISION=abcdef")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("RUN %s: %s\n%s", line, err, out)
			}
		}
	}
	t.Run("what is copied is there", func(t *testing.T) { testCopies(t, src) })
	for _, name := range []string{"registry_exporter", "demo/bin/demo", "demo/bin/receiver"} {
		t.Run(name+" is small and needs no library", func(t *testing.T) { testStatic(t, filepath.Join(src, name)) })
	}
	t.Run("the version is in the binary", func(t *testing.T) { testVersion(t, filepath.Join(src, "registry_exporter")) })
	t.Run("the exporter runs in its image", func(t *testing.T) { testExporterImage(t, src) })
	t.Run("the demo runs in its image", func(t *testing.T) { testDemoImage(t, src) })
}

// copyContext makes a folder with the files that .dockerignore does not leave out.
func copyContext(t *testing.T) (dir string) {
	t.Helper()
	ignored := strings.Fields(regexp.MustCompile(`(?m)^#.*`).ReplaceAllString(readFile(t, ".dockerignore"), ""))
	dir = t.TempDir()
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(root, file)
		switch {
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case slices.ContainsFunc(ignored, func(pattern string) bool { found, _ := path.Match(pattern, name); return found }):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func testCopies(t *testing.T, src string) {
	copied := 0
	for _, s := range readDockerfile(t) {
		for _, args := range s.all("COPY") {
			fields := strings.Fields(args)
			for _, name := range fields[:len(fields)-1] {
				if inner, found := strings.CutPrefix(name, "/src/"); found {
					copied++
					if _, err := os.Stat(filepath.Join(src, inner)); err != nil {
						t.Errorf("COPY %s: %s", args, err)
					}
				}
			}
		}
	}
	if copied != 6 {
		t.Errorf("%d files and folders are copied, want 6", copied)
	}
}

func testStatic(t *testing.T, program string) {
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxSize {
		t.Errorf("%d bytes, more than %d", info.Size(), maxSize)
	}
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Error("it asks for a dynamic linker")
	}
	built, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []debug.BuildSetting{{Key: "CGO_ENABLED", Value: "0"}, {Key: "-trimpath", Value: "true"}} {
		if !slices.Contains(built.Settings, want) {
			t.Errorf("not built with %s=%s: %v", want.Key, want.Value, built.Settings)
		}
	}
	if f.Section(".debug_info") != nil || f.Section(".symtab") != nil {
		t.Error("it is not stripped")
	}
}

func testVersion(t *testing.T, program string) {
	out, err := exec.CommandContext(t.Context(), program, "--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "version 1.2.3") || !strings.Contains(string(out), "revision: abcdef") {
		t.Errorf("%s, %s", out, err)
	}
}

func testExporterImage(t *testing.T, src string) {
	exporter, _ := images(t)
	i := newImage(t, filepath.Join(src, "registry_exporter"))
	env := exporter.env()
	i.mkdir(t, filepath.Dir(env["REGISTRY_EXPORTER_CONFIG_FILE"]), 0)
	i.mkdir(t, env[stateVariable], 65534)
	i.write(t, env["REGISTRY_EXPORTER_CONFIG_FILE"],
		"registries: [{name: hub, url: \"http://127.0.0.1:1\", access_log: {syslog: {listen: \""+freeAddress(t)+"\"}}}]\n")
	i.env = []string{"REGISTRY_EXPORTER_WEB_LISTEN_ADDRESS=" + freeAddress(t)}
	for name, value := range env {
		i.env = append(i.env, name+"="+value)
	}
	i.testServes(t, entrypoint(t, exporter))
	if _, err := os.Stat(filepath.Join(i.dir, env[stateVariable], "access-hub.state")); err != nil {
		t.Errorf("no state is kept: %s", err)
	}
}

func testDemoImage(t *testing.T, src string) {
	_, demo := images(t)
	i := newImage(t, filepath.Join(src, "registry_exporter"), filepath.Join(src, "demo/bin/demo"))
	if err := os.CopyFS(filepath.Join(i.dir, "rethinkdb"), os.DirFS(filepath.Join(src, "collector/msr/testdata/rethinkdb"))); err != nil {
		t.Fatal(err)
	}
	// Docker adds these folders to a container.
	for _, name := range []string{"dev", "etc", "tmp"} {
		if err := os.Mkdir(filepath.Join(i.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	i.write(t, "etc/hosts", "127.0.0.1 localhost\n")
	if err := os.Chmod(filepath.Join(i.dir, "tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mknod(filepath.Join(i.dir, "dev/null"), syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
		t.Skipf("making /dev/null: %s", err)
	}
	address := freeAddress(t)
	i.env = []string{"REGISTRY_EXPORTER_WEB_LISTEN_ADDRESS=" + address}
	argv := entrypoint(t, demo)
	for n := range argv {
		argv[n] = strings.NewReplacer("0.0.0.0:10500", address, "0.0.0.0:10501", freeAddress(t)).Replace(argv[n])
	}
	i.testServes(t, argv)
}

func entrypoint(t *testing.T, s *stage) (argv []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(strings.Join(s.all("ENTRYPOINT"), "")), &argv); err != nil {
		t.Fatal(err)
	}
	return argv
}

// An image is a root folder with few files. The user of the image may not write to them.
type image struct {
	dir string
	env []string
}

func newImage(t *testing.T, programs ...string) *image {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can change the root folder")
	}
	i := &image{dir: t.TempDir()}
	if err := os.Chmod(i.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		binary, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(i.dir, filepath.Base(program)), binary, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func (i *image) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(i.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mkdir makes a folder with the owner and mode that it has in the image.
func (i *image) mkdir(t *testing.T, name string, owner int) {
	t.Helper()
	dir := filepath.Join(i.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, owner, owner); err != nil {
		t.Fatal(err)
	}
}

func (i *image) command(t *testing.T, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = "/", i.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: i.dir, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return cmd
}

// testServes runs the command of the image, checks its health as Docker does, and ends it as Docker does.
func (i *image) testServes(t *testing.T, argv []string) {
	var log bytes.Buffer
	cmd := i.command(t, argv...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answers := eventually(func() bool { return i.command(t, "/registry_exporter", "healthcheck").Run() == nil })
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil || !answers {
		t.Errorf("healthy: %t; %v\n%s", answers, err, &log)
	}
}

func eventually(ok func() bool) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}

// freeAddress returns an address that no other program uses: others take ports of 127.0.0.1.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
