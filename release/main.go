// The release makes what people install, of one commit and for each platform: an archive with the binary, deb and rpm, a list of the modules
// that are built in (SBOM), and the checksums of all. The same commit gives the same bytes.
//
//	main.go      the flags, and the steps in turn
//	commit.go    which commit is released, and when it was made
//	build.go     the binary, its man page and its completions
//	files.go     which files of the project go where
//	archive.go   tar.gz; packages.go: deb and rpm, with the scripts of files/
//	notices.go   the licences of the modules that are built in; sbom.go: their list
//	sums.go      SHA256SUMS
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// platforms are the systems that a release is made for. The tests run on Linux only. Windows has no inodes, by which the
// exporter tells a rotated log from the old one.
var platforms = []platform{
	{"linux", "amd64", ""},
	{"linux", "arm64", ""},
	{"linux", "arm", "7"},
	{"darwin", "amd64", ""},
	{"darwin", "arm64", ""},
}

func main() {
	version := flag.String("version", "", "version to release, such as 1.0.0")
	root := flag.String("project", "..", "folder of the project")
	out := flag.String("out", "../dist", "folder to write to; it may not exist, or be empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := release(ctx, *root, *out, *version); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release makes everything of the commit that is checked out.
func release(ctx context.Context, root, out, version string) error {
	if err := checkVersion(root, version); err != nil {
		return err
	}
	c, err := checkedOut(ctx, root, version)
	if err != nil {
		return err
	}
	return makeAll(ctx, c, out, platforms)
}

// isVersion is a version by semver.org, without build metadata, which names of packages cannot have.
var isVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$`)

// checkVersion says what keeps a version from being released. One before a release, such as 1.0.0-rc.1, needs no section in
// the changelog.
func checkVersion(root, version string) error {
	if !isVersion.MatchString(version) {
		return fmt.Errorf("%q is no version: make release VERSION=1.0.0, or 1.0.0-rc.1", version)
	}
	if strings.Contains(version, "-") {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return fmt.Errorf("reading the changelog: %w", err)
	}
	if heading := "\n## " + version + " / "; !strings.Contains("\n"+string(text), heading) {
		return fmt.Errorf("CHANGELOG.md has no section %q with a date: rename Unreleased, and commit it", strings.TrimSpace(heading))
	}
	return nil
}

// makeAll writes all files of a release into the folder out.
func makeAll(ctx context.Context, c commit, out string, all []platform) error {
	if left, err := os.ReadDir(out); err == nil && len(left) > 0 {
		return fmt.Errorf("%s is not empty: remove it, so that no file of another release gets among these", out)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making the folder to write to: %w", err)
	}
	work, err := os.MkdirTemp("", "registry_exporter_release")
	if err != nil {
		return fmt.Errorf("making a folder to work in: %w", err)
	}
	defer os.RemoveAll(work)
	texts, err := makeTexts(ctx, c, work)
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := makePlatform(ctx, c, p, texts, work, out); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		fmt.Println("made", p)
	}
	return writeSums(out)
}

// makePlatform writes what people of one platform install.
func makePlatform(ctx context.Context, c commit, p platform, t texts, work, out string) error {
	binary, err := build(ctx, c, p, work)
	if err != nil {
		return err
	}
	base := filepath.Join(out, fmt.Sprintf("registry_exporter-%s.%s", c.version, p))
	files, err := filesOf(c, t, binary)
	if err != nil {
		return err
	}
	if err := writeArchive(base+".tar.gz", filepath.Base(base), files, c.date); err != nil {
		return err
	}
	if err := writeSBOM(base+".cdx.json", binary, c); err != nil {
		return err
	}
	if p.system != "linux" {
		return nil
	}
	return writePackages(out, c, p, files)
}
