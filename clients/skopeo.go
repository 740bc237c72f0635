package clients

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/opencontainers/go-digest"
)

// nobody is the user as whom skopeo runs when root runs the tests. As root it would leave a cache in /var/lib.
const nobody = 65534

// skopeo runs the program skopeo, whose library is also that of podman and CRI-O.
func (s *site) skopeo(ctx context.Context, side string, args ...string) result {
	first := map[string]string{"src": "resolve", "dest": "start"}[side]
	program, err := exec.LookPath("skopeo")
	if err != nil {
		return result{skipped: "skopeo is not installed"}
	}
	if s.slow != "" {
		return result{skipped: s.slow}
	}
	all := []string{"--insecure-policy", "--tmpdir", s.dir}
	if os, arch, _ := strings.Cut(s.nodePlatform(), "/"); side == "src" {
		arch, variant, _ := strings.Cut(arch, "/")
		all = append(all, "--override-os", os, "--override-arch", arch, "--override-variant", variant)
	}
	all = append(all, "copy", "--retry-times", "0")
	if s.https {
		all = append(all, "--"+side+"-cert-dir", filepath.Dir(s.caFile))
	} else {
		all = append(all, "--"+side+"-tls-verify=false")
	}
	if user, pass := s.user(); user != "" {
		all = append(all, "--"+side+"-creds", user+":"+pass)
	}
	cmd := exec.CommandContext(ctx, program, append(all, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "XDG_RUNTIME_DIR="+s.dir)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return s.failed(first, errors.Join(ctx.Err(), errors.New(string(output))))
		}
		return s.failed(first, errors.New(string(output)))
	}
	return result{}
}

func skopeoPull(ctx context.Context, s *site, tag string) result {
	to := filepath.Join(s.dir, "to")
	if err := s.folder(to); err != nil {
		return s.failed("resolve", err)
	}
	r := s.skopeo(ctx, "src", "docker://"+s.host()+"/"+repository+":"+tag, "dir:"+to)
	return r
}

// folder makes a folder to which skopeo may write.
func (s *site) folder(name string) error {
	if err := os.MkdirAll(name, 0o755); err != nil || os.Getuid() != 0 {
		return err
	}
	return errors.Join(os.Chown(s.dir, nobody, nobody), os.Chown(name, nobody, nobody))
}

// skopeoPush pushes an image, and pulls it to see that it arrived.
func skopeoPush(ctx context.Context, s *site) result {
	r := skopeoPushOnly(ctx, s)
	if !r.ok() || r.skipped != "" {
		return r
	}
	return readBack(skopeoPull(ctx, s, pushed))
}

func skopeoPushOnly(ctx context.Context, s *site) result {
	from := filepath.Join(s.dir, "from")
	if err := s.folder(from); err != nil {
		return s.failed("start", err)
	}
	i := s.newPushed()
	files := map[string][]byte{
		"version": []byte("Directory Transport Version: 1.1\n"), "manifest.json": i.manifest,
		digest.FromBytes(i.config).Encoded(): i.config, i.layer().Encoded(): i.layers[0],
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(from, name), data, 0o644); err != nil {
			return s.failed("start", err)
		}
	}
	return s.skopeo(ctx, "dest", "dir:"+from, "docker://"+s.host()+"/"+repository+":"+pushed)
}
