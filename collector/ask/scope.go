package ask

import (
	"slices"
	"strings"
)

// NarrowScope is the scope of a challenge without the rights to write and to delete that a request does not need: who answers for
// a registry, or for one of its backends, gets the token, and could name any. needed is the scope that the request needs:
//
//	repository:a/b:pull,push,delete    repository:a/b:pull    is narrowed to repository:a/b:pull
//	repository:prod/app:*              repository:a/b:pull    is narrowed to repository:a/b:pull
//	repository:prod/app:pull,push      repository:a/b:push    is narrowed to repository:prod/app:pull
//	repository:hub/a/b:push            repository:a/b:push    stays: fronts may put something before the name
//
// Without a right that is left it is needed itself.
func NarrowScope(challenge, needed string) string {
	repository, rights := cutRights(needed)
	var kept []string
	for _, one := range strings.Fields(challenge) {
		name, actions := cutRights(one)
		if strings.HasPrefix(name, "repository") {
			granted := rights
			if !isSameRepository(name, repository) {
				granted = nil
			}
			actions = slices.DeleteFunc(actions, func(action string) bool { return isExcess(action, granted) })
			if len(actions) == 0 {
				continue
			}
			one = name + ":" + strings.Join(actions, ",")
		}
		kept = append(kept, one)
	}
	if len(kept) == 0 {
		return needed
	}
	return strings.Join(kept, " ")
}

// isSameRepository says whether two scopes without rights are of one repository, which a front may know below a path.
func isSameRepository(a, b string) bool {
	_, a, _ = strings.Cut(a, ":")
	_, b, _ = strings.Cut(b, ":")
	return a == b || strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a)
}

// cutRights cuts a scope such as repository:a/b:pull,push at its last colon.
func cutRights(scope string) (name string, rights []string) {
	end := strings.LastIndexByte(scope, ':')
	if end < 0 {
		return "", nil
	}
	return scope[:end], strings.Split(scope[end+1:], ",")
}

// isExcess says whether a right writes or deletes, and is none of those that are needed. Who may delete may write, and older
// registries want "*" of who deletes.
func isExcess(right string, needed []string) bool {
	switch right {
	case "push":
		return !slices.Contains(needed, "push") && !slices.Contains(needed, "delete")
	case "delete", "*":
		return !slices.Contains(needed, "delete")
	}
	return false
}
