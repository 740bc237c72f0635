package ask

import (
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

func TestKeep(t *testing.T) {
	load := func(before *source.Keep, site string, about ...any) (*source.Keep, *thing) {
		k := source.NewKeep(before)
		return k, Kept(keepingBuilder(k, site), newThing, about...)
	}
	first, one := load(nil, "eqiad", "image:1")
	second, same := load(first, "eqiad", "image:1")
	_, otherSite := load(first, "codfw", "image:1")
	third, other := load(second, "eqiad", "image:2")
	_, gone := load(third, "eqiad", "image:1")
	switch {
	case one != same:
		t.Error("not kept")
	case one == otherSite, one == other:
		t.Error("kept for another thing")
	case one == gone:
		t.Error("kept although nobody asked for it")
	}
}

func TestKeepOfTwoKindsAboutTheSame(t *testing.T) {
	type otherThing thing
	newOther := func() *otherThing { return new(otherThing) }
	load := func(before *source.Keep) (*source.Keep, *thing, *otherThing) {
		k := source.NewKeep(before)
		b := keepingBuilder(k, "eqiad")
		return k, Kept(b, newThing, "hub:443", "monitoring/canary"), Kept(b, newOther, "hub:443", "monitoring/canary")
	}
	first, one, other := load(nil)
	if _, sameOne, sameOther := load(first); one != sameOne || other != sameOther {
		t.Error("one takes the place of the other")
	}
}

func TestKeepTellsListsApart(t *testing.T) {
	load := func(before *source.Keep) (k *source.Keep, one, two *thing) {
		k = source.NewKeep(before)
		b := keepingBuilder(k, "eqiad")
		return k, Kept(b, newThing, []string{"files/ segments/"}), Kept(b, newThing, []string{"files/", "segments/"})
	}
	k, one, two := load(nil)
	if _, again, other := load(k); one != again || two != other || again == other {
		t.Error("two lists are taken for one")
	}
}

// A thing is a value to keep. It has a size, since all pointers to values without one may be equal.
type thing struct{ _ int }

func newThing() *thing { return new(thing) }

// keepingBuilder builds the collector pull of a site of the registry hub.
func keepingBuilder(k *source.Keep, site string) *Builder {
	return &Builder{Registry: &config.Registry{Name: "hub", Site: site}, Options: Options{Keep: k}, Collector: "pull"}
}
