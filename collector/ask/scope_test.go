package ask

import "testing"

// Who answers for one backend gets the token, and says in its challenge what the token is good for.
func TestATokenIsGoodForNoMoreThanTheRequestNeeds(t *testing.T) {
	const pull, push, remove = "repository:a/b:pull", "repository:a/b:pull,push", "repository:a/b:delete"
	for _, c := range []struct{ name, challenge, needed, want string }{
		{"what is needed", pull, pull, pull},
		{"a name that the front gives it", "repository:hub/a/b:pull", pull, "repository:hub/a/b:pull"},
		{"a name with a port", "repository:10.0.0.1:5000/a/b:pull,push", pull, "repository:10.0.0.1:5000/a/b:pull"},
		{"the right to push, in a pull", push, pull, pull},
		{"all rights, in a pull", "repository:prod/app:*", pull, pull},
		{"the right to delete, in a push", "repository:a/b:pull,push,delete", push, push},
		{"the right to delete, of an upload to cancel", remove, remove, remove},
		{"all rights, of an older registry", "repository:a/b:*", remove, "repository:a/b:*"},
		{"a right that only one registry has", "repository:a/b:pull,metadata_read", pull, "repository:a/b:pull,metadata_read"},
		{"some repositories", "repository:a/b:pull repository:prod/app:push repository:c/d:pull,push", pull, "repository:a/b:pull repository:c/d:pull"},
		{"the right to push to another repository, in a push", "repository:prod/app:pull,push", push, "repository:prod/app:pull"},
		{"all rights to another repository, of an upload to cancel", "repository:prod/app:*", remove, remove},
		{"the right to push, to the name that the front gives it", "repository:hub/a/b:pull,push", push, "repository:hub/a/b:pull,push"},
		{"the right to push, to the name behind a path", "repository:b:pull,push", push, "repository:b:pull,push"},
		{"a plugin", "repository(plugin):a/b:pull,push", pull, "repository(plugin):a/b:pull"},
		{"of another form", "*", pull, "*"},
		{"of /v2/ itself", "registry:catalog:*", "", "registry:catalog:*"},
		{"of /v2/ itself, with the right to push", "repository:prod/app:push", "", ""},
		{"none", "", pull, pull},
	} {
		if got := NarrowScope(c.challenge, c.needed); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestARealmAddsNoRightsOfItsOwn(t *testing.T) {
	realm, seen := realmAt(t, "127.0.0.1")
	a := accountOf(t, "http://127.0.0.1:1", "basic_auth: {username: admin, password: S3cretAdminPw}", &Lockout{})
	_, err := a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": realm + "?account=x&scope=repository:prod/app:pull,delete&scope=repository:prod/db:*"}})
	wantReason(t, err, "")
	requests := seen.Requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests", len(requests))
	}
	if got, want := requests[0].URL.RawQuery, "account=x&scope=repository%3Aprod%2Fapp%3Apull&scope="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
