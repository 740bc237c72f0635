package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// notice is the first line of a message, about an alert that fires or has ended.
var notice = regexp.MustCompile(`^[0-9:]{8} (firing|resolved) to (page|ticket): `)

// told is a line of the demo about a message that reached people, such as
// "09:41:02 firing to page: critical RegistryDown: hub at eqiad: nobody can pull or push".
var told = regexp.MustCompile(`(?m)^[0-9:]{8} firing to (page|ticket): \w+ (\w+): (.*)$`)

// silent are the rounds in which nobody must be told anything: nothing is broken, or not for so long.
var silent = []string{nothing, "gc-running"}

// paged are the faults that stop people from pulling or pushing. Each is one page. The others are tickets.
var paged = []string{
	"majority-lost", "backfilling", "table-lost", "v2-html", "health-storage", "health-redis", "registry-down", "certificate-expired", "certificate-wrong-name",
	"layer-missing", "layer-cut", "layer-flipped", "store-full", "nginx-down", "swift-down", "swift-container-gone",
}

// right is the verdict on a round in which people were told what they should be.
const right = "right"

// judge says whether the messages of a round are those that its fault wants: one page, tickets alone, or nothing.
func judge(name, messages string) string {
	var pages, tickets []string
	for _, m := range told.FindAllStringSubmatch(messages, -1) {
		if m[1] == "page" {
			pages = append(pages, m[2])
		} else {
			tickets = append(tickets, m[2])
		}
	}
	slices.Sort(pages)
	pages = slices.Compact(pages)
	all := fmt.Sprintf("pages %s, tickets %s", orNone(pages), orNone(tickets))
	switch {
	case slices.Contains(silent, name):
		if len(pages)+len(tickets) > 0 {
			return "told people of nothing: " + all
		}
	case slices.Contains(paged, name):
		if len(pages) != 1 {
			return "wants one page: " + all
		}
	case len(pages) > 0:
		return "woke people for a ticket: " + all
	case len(tickets) == 0:
		return "told nobody"
	}
	return right
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}
