package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// notice is the first line of a message, about an alert that fires or has ended.
var notice = regexp.MustCompile(`^[0-9:]{8} (firing|resolved) to (page|ticket): `)

// told is a line of the demo about a message that reached people, such as
// "09:41:02 firing to page: critical RegistryDown: hub at eqiad: nobody can pull or push".
var told = regexp.MustCompile(`(?m)^[0-9:]{8} firing to (page|ticket): \w+ (\w+): ([^ :]+)`)

// An alert that reached people.
type alert struct{ name, registry string }

// right is the verdict on a round in which people were told what they should be.
const right = "right"

// judge says whether the messages of a round are those that its fault wants: its one page, or tickets alone, about the registry that
// is broken and no other.
func judge(name, messages string) string {
	w := wants[name]
	pages, tickets := alertsIn(messages)
	all := fmt.Sprintf("pages %s, tickets %s", list(pages), list(tickets))
	switch everything := slices.Concat(pages, tickets); {
	case w.isSilent() && len(everything) == 0:
		return right
	case w.isSilent():
		return "told people of nothing: " + all
	case len(everything) == 0:
		return "told nobody"
	case w.page != "" && !slices.Equal(pages, []alert{{w.page, w.registry}}):
		return fmt.Sprintf("wants the page %s of %s: %s", w.page, w.registry, all)
	case w.page == "" && len(pages) > 0:
		return "woke people for a ticket: " + all
	case w.page == "" && !slices.ContainsFunc(tickets, w.isTicket):
		return fmt.Sprintf("wants the ticket %s of %s: %s", strings.Join(w.tickets, " or "), w.registry, all)
	case slices.ContainsFunc(everything, func(a alert) bool { return a.registry != w.registry }):
		return fmt.Sprintf("told people of more than %s: %s", w.registry, all)
	}
	return right
}

// alertsIn are the alerts that fired, each once.
func alertsIn(messages string) (pages, tickets []alert) {
	for _, m := range told.FindAllStringSubmatch(messages, -1) {
		a := alert{name: m[2], registry: m[3]}
		if m[1] == "page" {
			pages = append(pages, a)
		} else {
			tickets = append(tickets, a)
		}
	}
	return sorted(pages), sorted(tickets)
}

func sorted(all []alert) []alert {
	slices.SortFunc(all, func(a, b alert) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.registry, b.registry)) })
	return slices.Compact(all)
}

func list(all []alert) string {
	if len(all) == 0 {
		return "none"
	}
	var names []string
	for _, a := range all {
		names = append(names, a.name+" of "+a.registry)
	}
	return strings.Join(names, ", ")
}
