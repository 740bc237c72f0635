// Package swift asks the OpenStack Swift under a registry whether it works: as the account of the registry, in the
// registry's container.
//
//	registries:
//	- name: hub
//	  url: https://hub.example.org
//	  swift:
//	    auth_url: https://swift.example.org/auth/v1.0
//	    username: docker:registry
//	    key_file: /run/secrets/swift
//	    container: docker_registry
//	    probe: {container: monitoring}
//	    count: {prefixes: [files/, segments/]}
//
// The package makes three sources of this section, one for each collector. Their requests share a token.
//
//   - swift: each scrape sends HEAD of the container (store.go)
//   - swift_probe: each minute, or every swift.probe.every, a run (probe.go) writes, reads and deletes an object in the
//     container monitoring (write.go), and reads a byte of an object in docker_registry (read.go)
//   - swift_count: each hour, or every swift.count.every, a run lists docker_registry and adds up the objects under
//     each prefix (count.go); it leaves out what uploads that were cancelled have left (litter.go)
//
// login.go gets the token and keeps it; places.go keeps it from hosts to which it may not go. request.go sends requests
// with it, and listing.go reads listings. words.go has the advice for people, and place.go the command that asks the same
// with Swift's own client.
package swift
