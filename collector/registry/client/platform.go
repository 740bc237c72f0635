package client

import (
	"slices"
	"strconv"
	"strings"
)

// runsOn returns the platforms whose images a node of the platform takes, best first, in the order of containerd's
// package platforms. All are written as normalPlatform writes them.
//
//	linux/amd64/v3   linux/amd64/v3, linux/amd64/v2, linux/amd64, linux/386
//	linux/arm/v7     linux/arm/v7, linux/arm/v6, linux/arm/v5
//	linux/arm64      linux/arm64, linux/arm/v8, linux/arm/v7, linux/arm/v6, linux/arm/v5
func runsOn(platform string) []string {
	normal := normalPlatform(platform)
	parts := append(strings.Split(normal, "/"), "", "")
	base, variant := parts[0]+"/"+parts[1], parts[2]
	all := []string{normal}
	switch parts[1] {
	case "amd64":
		all = append(all, below(base, variant, 2)...)
		if variant != "" {
			all = append(all, base)
		}
		all = append(all, parts[0]+"/386")
	case "arm":
		all = append(all, below(base, variant, 5)...)
	case "arm64":
		all = append(all, belowARM64(base, variant)...)
		all = append(all, parts[0]+"/arm/v8")
		all = append(all, below(parts[0]+"/arm", "v8", 5)...)
	}
	return all
}

// below returns base with the variant, such as v7, and with each lower one down to least.
func below(base, variant string, least int) (all []string) {
	n, err := strconv.Atoi(strings.TrimPrefix(variant, "v"))
	if err != nil || n > 9 {
		return nil
	}
	for n--; n >= least; n-- {
		all = append(all, base+"/v"+strconv.Itoa(n))
	}
	return all
}

// belowARM64 returns base with the variants that run on v8.N or v9.N: v9.N also runs what is made for v8.N+5.
func belowARM64(base, variant string) (all []string) {
	major, minor, _ := strings.Cut(variant, ".")
	n, _ := strconv.Atoi(minor)
	n = min(n, 9)
	if major == "v9" {
		all = append(all, minors(base, "v9", n)...)
		major, n = "v8", min(n+5, 9)+1
	}
	if major == "v8" {
		all = append(append(all, minors(base, "v8", n)...), base)
	}
	return all
}

// minors returns base/major.N for each N below n, and base/v9 for v9.0. v8.0 is base itself.
func minors(base, major string, n int) (all []string) {
	for n--; n >= 1; n-- {
		all = append(all, base+"/"+major+"."+strconv.Itoa(n))
	}
	if major == "v9" && n == 0 {
		all = append(all, base+"/v9")
	}
	return all
}

// normalPlatform writes a platform as containerd compares it: linux/x86_64 is linux/amd64, linux/arm64/v8 is linux/arm64 and
// linux/arm is linux/arm/v7.
func normalPlatform(platform string) string {
	parts := append(strings.Split(strings.ToLower(platform), "/"), "", "")
	os, arch, variant := parts[0], parts[1], parts[2]
	switch os {
	case "":
		os = "linux"
	case "macos":
		os = "darwin"
	}
	switch arch {
	case "i386":
		arch, variant = "386", ""
	case "x86_64", "x86-64":
		arch = "amd64"
	case "aarch64":
		arch = "arm64"
	case "armhf":
		arch, variant = "arm", "v7"
	case "armel":
		arch, variant = "arm", "v6"
	}
	return strings.TrimRight(os+"/"+arch+"/"+normalVariant(arch, variant), "/")
}

// normalVariant returns the variant of an architecture as containerd compares it; empty for the variant that every node
// has.
func normalVariant(arch, variant string) string {
	switch arch + "/" + variant {
	case "amd64/v1", "arm64/8", "arm64/v8", "arm64/v8.0":
		return ""
	case "arm64/9", "arm64/9.0", "arm64/v9.0":
		return "v9"
	case "arm/", "arm/7":
		return "v7"
	case "arm/5", "arm/6", "arm/8":
		return "v" + variant
	}
	return variant
}

// rank returns the index of an entry's platform in wanted, which runsOn made. An entry without platform has the next
// index after the last; an entry that does not fit has -1.
func rank(has string, wanted []string) int {
	if has == "" {
		return len(wanted)
	}
	return slices.Index(wanted, normalPlatform(has))
}
