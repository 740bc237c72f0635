package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A commit is what is released.
type commit struct {
	root     string // folder of the project
	version  string // such as 1.0.0
	revision string // hash
	branch   string
	date     time.Time // when it was committed: every file of the release has this time
}

// checkedOut is the commit in the folder root. Files that are not committed are refused: nobody could make the same release
// again.
func checkedOut(ctx context.Context, root, version string) (commit, error) {
	changed, err := git(ctx, root, "status", "--porcelain")
	if err != nil {
		return commit{}, err
	}
	if changed != "" {
		return commit{}, fmt.Errorf("not committed, so nobody could make this release again:\n%s", changed)
	}
	return describe(ctx, root, version)
}

// describe reads the commit that is checked out in the folder root.
func describe(ctx context.Context, root, version string) (commit, error) {
	c := commit{root: root, version: version}
	text, err := git(ctx, root, "log", "-1", "--format=%H %ct")
	if err != nil {
		return c, err
	}
	revision, seconds, _ := strings.Cut(text, " ")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return c, fmt.Errorf("reading the date of the commit: %w", err)
	}
	c.revision, c.date = revision, time.Unix(at, 0).UTC()
	c.branch, err = git(ctx, root, "rev-parse", "--abbrev-ref", "HEAD")
	return c, err
}

// git returns what a command of git prints.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s in %s: %w%s", args[0], dir, err, said(err))
	}
	return strings.TrimSpace(string(out)), nil
}

// said is what a program that failed has written to its standard error.
func said(err error) string {
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) && len(failed.Stderr) > 0 {
		return ": " + strings.TrimSpace(string(failed.Stderr))
	}
	return ""
}
