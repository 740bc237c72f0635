// Package trust counts changes of content trust: the updates and deletions in the changefeed of a Notary, which an MSR has.
//
//	registries:
//	- name: msr
//	  url: https://msr.example.org
//	  msr:
//	    trust: {repositories: {max: 50}}
//	- name: hub
//	  url: https://hub.example.org
//	  trust: {url: https://notary.example.org}    # a Notary of one's own
//
// Each minute, or every trust.every, a run asks for the newest change, and for those after the last one that is counted. The
// first run only notes where the feed ends: what was before is not counted. So the deletion
//
//	{"ID":"7","CreatedAt":"2026-11-28T18:07:21Z","GUN":"msr.example.org/library/wordpress","Version":0,"SHA256":"","Category":"deletion"}
//
// becomes
//
//	registry_trust_changes_total{address="msr.example.org:443",category="deletion"} 1
//	registry_trust_deletion_timestamp_seconds{address="msr.example.org:443",repository="library/wordpress"} 1.795889241e+09
//
// The feed does not say who made a change.
//
//   - trust.go makes the source; metrics.go has its metrics, samples.go their samples, and words.go the words for people
//   - feed.go asks for a page of the feed; page.go reads the answer, and refuses one that is not in order
//   - poll.go is one run: which pages it asks for, and what it does when the server does not know the last change any more
//   - book.go keeps the counters, together with the last change that is in them; --state.dir keeps them on the disk
//   - tally.go counts; places.go says which repositories are counted by name
package trust
