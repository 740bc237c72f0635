package accesslog

import (
	"math"
	"math/bits"
)

// busiest gives at most max names a place each, by which they are counted, and all others that of other, which is the first. A
// name that has a place keeps it, since a counter must not vanish. So a name gets one only after requests for it went well
// (anybody can invent a name):
//
//	places taken       requests before it gets one
//	less than 1/2      1
//	less than 3/4      10
//	less than all      100
type busiest struct {
	names            []string // by place
	byName           map[string]int
	max              int
	uses             [candidateSets][candidatesPerSet]candidate
	folded           [foldedBits / 64]uint64 // one bit for each name, by its hash
	foldedOperations uint64
}

const (
	otherPlace       = 0
	otherName        = "other"
	candidateSets    = 256
	candidatesPerSet = 4
	foldedBits       = 1 << 15
	maxNameBytes     = 200
)

// A candidate is a name that may get a place later.
type candidate struct {
	hash uint64
	uses uint64
}

func newBusiest(limit int) busiest {
	return busiest{names: []string{otherName}, byName: map[string]int{}, max: limit}
}

// find returns the place of a name, or that of other. used says that a request for it went well: then the name gets a place if
// one is due.
func (p *busiest) find(name []byte, used bool) int {
	if i, found := p.byName[string(name)]; found {
		return i
	}
	if used && validName(name) {
		if p.due(name) {
			return p.add(string(name))
		}
		p.fold(name)
	}
	return otherPlace
}

// findFailing returns the place of a name for which a request failed, or that of other. A name for which nothing ever goes well
// gets a place, too, after 10 requests, but only one of the first half.
func (p *busiest) findFailing(name []byte) int {
	if i, found := p.byName[string(name)]; found {
		return i
	}
	if validName(name) && len(p.names)-1 < p.max/2 && p.use(name) >= 10 {
		return p.add(string(name))
	}
	return otherPlace
}

func (p *busiest) add(name string) int {
	p.byName[name] = len(p.names)
	p.names = append(p.names, name)
	return len(p.names) - 1
}

func (p *busiest) fold(name []byte) {
	bit := hash(name) % foldedBits
	p.folded[bit/64] |= 1 << (bit % 64)
	p.foldedOperations++
}

// due counts a use of the name, and says whether it has had enough of them to get a place.
func (p *busiest) due(name []byte) bool {
	taken := len(p.names) - 1
	switch {
	case taken >= p.max:
		return false
	case taken < p.max/2:
		return true
	case taken < p.max*3/4:
		return p.use(name) >= 10
	}
	return p.use(name) >= 100
}

// use counts a use of a candidate, and returns how many it has had. A new candidate replaces the one with the fewest uses of
// the four whose hashes fall into the same set.
func (p *busiest) use(name []byte) uint64 {
	h := hash(name)
	set := &p.uses[h%candidateSets]
	least := 0
	for i := range set {
		if set[i].hash == h {
			set[i].uses++
			return set[i].uses
		}
		if set[i].uses < set[least].uses {
			least = i
		}
	}
	set[least] = candidate{h, 1}
	return 1
}

// foldedNames estimates how many different names counted as other. It is linear counting: right to a few percent up to some
// 50,000 names.
func (p *busiest) foldedNames() float64 {
	free := 0
	for _, w := range p.folded {
		free += bits.OnesCount64(^w)
	}
	return math.Round(foldedBits * math.Log(foldedBits/float64(max(free, 1))))
}

// validName says whether name follows the rules for the names of repositories, and is not "other".
func validName(name []byte) bool {
	if len(name) > maxNameBytes || string(name) == otherName {
		return false
	}
	before := byte('/')
	for _, b := range name {
		switch {
		case alphanumeric(b):
		case b == '.' || b == '_' || b == '-':
			if before == '/' {
				return false
			}
		case b == '/':
			if !alphanumeric(before) {
				return false
			}
		default:
			return false
		}
		before = b
	}
	return alphanumeric(before)
}

func alphanumeric(b byte) bool { return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' }

// hash is FNV-1a. It is the same on every machine and after every start: hashes are saved, and compared with later ones.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
