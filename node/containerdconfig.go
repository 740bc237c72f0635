package node

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// A criRegistry is the table registry of containerd's plugin for the kubelet. All but config_path are of before containerd 2.
type criRegistry struct {
	ConfigPath string `toml:"config_path"`
	Mirrors    map[string]struct {
		Endpoints []string `toml:"endpoint"`
	} `toml:"mirrors"`
	Configs map[string]criConfig `toml:"configs"`
}

type criConfig struct {
	TLS *struct {
		CA         string `toml:"ca_file"`
		Cert       string `toml:"cert_file"`
		Key        string `toml:"key_file"`
		SkipVerify bool   `toml:"insecure_skip_verify"`
	} `toml:"tls"`
	Auth *struct {
		Username string `toml:"username"`
		Password string `toml:"password"`
		Auth     string `toml:"auth"`
		Token    string `toml:"identitytoken"`
	} `toml:"auth"`
}

// A criPlugin is that plugin's table.
type criPlugin struct {
	Registry    criRegistry `toml:"registry"`
	Local       bool        `toml:"use_local_image_pull"`
	Discard     bool        `toml:"discard_unpacked_layers"`
	Sync        bool        `toml:"image_pull_with_sync_fs"`
	Annotations *bool       `toml:"disable_snapshot_annotations"`
	Downloads   *int        `toml:"max_concurrent_downloads"`
}

// pullsItself says whether containerd 2.1 and later pull without the transfer service: where they are told to, and with settings that
// the service does not have.
func (p criPlugin) pullsItself() bool {
	return p.Local || p.Discard || p.Sync || p.Annotations != nil && !*p.Annotations || p.Downloads != nil && *p.Downloads != 3
}

// criPlugins are the plugins for the kubelet by the version of config.toml: 1, 2 and 3.
var criPlugins = []string{"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"}

// read reads config.toml and what it imports. disabled says that no kubelet can use this containerd.
func (c *containerd) read() (disabled bool) {
	files := []string{containerdFile}
	for i := 0; i < len(files) && i < maxImports; i++ {
		text, err := c.m.read(files[i])
		if err != nil {
			if i > 0 || c.m.has(files[i]) {
				c.wrong = invalid(err.Error(), "ls -lL "+files[i])
			}
			continue
		}
		c.files = append(c.files, files[i])
		var config struct {
			Version  int                       `toml:"version"`
			Imports  []string                  `toml:"imports"`
			Disabled []string                  `toml:"disabled_plugins"`
			Plugins  map[string]toml.Primitive `toml:"plugins"`
		}
		meta, err := toml.Decode(string(text), &config)
		if err == nil {
			err = c.take(meta, config.Plugins)
		}
		if err != nil {
			c.wrong = invalid(fmt.Sprintf("%s%s is no valid TOML: containerd does not start with it", files[i], lineOfTOML(err)), "containerd --config "+files[i]+" config dump >/dev/null")
			return false
		}
		if i == 0 {
			c.version = max(config.Version, 1)
		}
		for _, one := range config.Imports {
			files = append(files, c.m.glob(absolute(path.Dir(files[i]), one))...)
		}
		disabled = disabled || slices.ContainsFunc(config.Disabled, func(name string) bool { return slices.Contains(criPlugins, name) })
	}
	c.settle()
	return disabled
}

// maxImports bounds the files that config.toml imports.
const maxImports = 50

// take adds what one file says of registries.
func (c *containerd) take(meta toml.MetaData, plugins map[string]toml.Primitive) error {
	for _, name := range criPlugins {
		text, found := plugins[name]
		if !found {
			continue
		}
		var plugin criPlugin
		if err := meta.PrimitiveDecode(text, &plugin); err != nil {
			return err
		}
		c.local = c.local || plugin.pullsItself()
		if plugin.Registry.ConfigPath != "" {
			c.old.ConfigPath = plugin.Registry.ConfigPath
		}
		if plugin.Registry.Mirrors != nil {
			c.old.Mirrors = plugin.Registry.Mirrors
		}
		if plugin.Registry.Configs != nil {
			c.old.Configs = plugin.Registry.Configs
		}
	}
	return nil
}

// settle finds the folders of config_path. containerd 2.2 takes two for it where none is named; the transfer service, through which
// containerd pulls from 2.1 on, takes several for the name of one, which is not there.
func (c *containerd) settle() {
	for _, dir := range strings.Split(c.old.ConfigPath, ":") {
		if dir != "" {
			c.dirs = append(c.dirs, dir)
		}
	}
	named := len(c.dirs) > 0
	if !named && len(c.old.Mirrors)+len(c.old.Configs) == 0 && c.version >= 3 {
		c.dirs = []string{containerdCerts, dockerCert}
	}
	why := ""
	switch {
	case named && len(c.old.Mirrors) > 0:
		c.wrong = invalid(containerdFile+" has both registry.config_path and registry.mirrors: containerd does not serve the kubelet then",
			"move the mirrors to "+c.dirs[0]+"/HOST/hosts.toml, take registry.mirrors out of "+containerdFile+", and systemctl restart containerd")
	case len(c.dirs) == 0:
		c.dirs, why = nil, containerdFile+" has no config_path"
	case c.version >= 3 && len(c.dirs) > 1 && !c.local && named:
		c.dirs, why = nil, "config_path has several folders, of which containerd 2 reads none when it pulls through its transfer service"
	case c.version >= 3 && len(c.dirs) > 1 && !c.local:
		c.dirs, why = nil, containerdFile+" has no config_path, and containerd 2 reads none of the two folders that it takes for it when it pulls through its transfer service"
	}
	if why != "" && len(c.m.list(containerdCerts)) > 0 {
		c.notes = append(c.notes, Note{What: containerdCerts + " is not read: " + why, Try: c.setConfigPath()})
	}
}

// setConfigPath is the command that makes containerd read its folder.
func (c *containerd) setConfigPath() string {
	return fmt.Sprintf("set config_path = %q below [plugins.%q.registry] in %s, and systemctl restart containerd", containerdCerts, criPlugins[min(max(c.version, 2), 3)-1], containerdFile)
}
