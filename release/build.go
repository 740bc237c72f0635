package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// A platform is a system and a processor, by the names that Go has for them.
type platform struct {
	system, processor string
	version           string // of the processor: GOARM
}

// String is the name of the platform in names of files, such as linux-armv7.
func (p platform) String() string {
	name := p.system + "-" + p.processor
	if p.version != "" {
		name += "v" + p.version
	}
	return name
}

func (p platform) env() []string {
	env := append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOOS="+p.system, "GOARCH="+p.processor)
	if p.version != "" {
		env = append(env, "GOARM="+p.version)
	}
	return env
}

// build writes the binary into the folder work, unless it is there, and returns its name. Its path, its user and its machine are not
// in it, so that it is the same everywhere.
func build(ctx context.Context, c commit, p platform, work string) (binary string, err error) {
	binary = filepath.Join(work, "registry_exporter-"+p.String())
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	flags := "-s -w -buildid="
	for name, value := range map[string]string{
		"Version": c.version, "Revision": c.revision, "Branch": c.branch, "BuildDate": c.date.Format("20060102-15:04:05"),
	} {
		flags += " -X github.com/prometheus/common/version." + name + "=" + value
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", binary, ".")
	cmd.Dir, cmd.Env = c.root, p.env()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w: %s", err, out)
	}
	return binary, nil
}

// texts are the files that are made and are the same on all platforms.
type texts struct {
	man, bash, zsh []byte // man is compressed
	notices        []byte
}

// makeTexts asks the exporter, built for this machine, for its man page and completions.
func makeTexts(ctx context.Context, c commit, work string) (t texts, err error) {
	binary, err := build(ctx, c, platform{system: runtime.GOOS, processor: runtime.GOARCH}, work)
	if err != nil {
		return t, err
	}
	man, err := printed(ctx, binary, "--help-man")
	if err != nil {
		return t, err
	}
	if t.man, err = compress(manPage(man, c), c.date); err != nil {
		return t, err
	}
	if t.bash, err = printed(ctx, binary, "--completion-script-bash"); err != nil {
		return t, err
	}
	if t.zsh, err = printed(ctx, binary, "--completion-script-zsh"); err != nil {
		return t, err
	}
	t.notices, err = notices(ctx, c)
	return t, err
}

func printed(ctx context.Context, binary, flag string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, binary, flag).Output()
	if err != nil {
		return nil, fmt.Errorf("registry_exporter %s: %w%s", flag, err, said(err))
	}
	return out, nil
}

// titleLine is the first line of the man page. Kingpin writes the whole text of --version into it, on several lines.
var titleLine = regexp.MustCompile(`(?s)^\.TH .*?\n(\.SH )`)

func manPage(text []byte, c commit) []byte {
	title := fmt.Sprintf(".TH registry_exporter 1 %s %q\n", c.date.Format(time.DateOnly), c.version)
	return titleLine.ReplaceAll(text, []byte(strings.ReplaceAll(title, "$", "$$")+"$1"))
}

// compress has neither name nor time in its header but at.
func compress(text []byte, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	w.ModTime = at
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return out.Bytes(), nil
}
