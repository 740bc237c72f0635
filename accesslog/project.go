package accesslog

import (
	"bytes"
	"math"
	"math/bits"
)

// Only these are counted by project: what moves images and layers. Elsewhere the operation says enough.
const (
	manifestPulls = iota
	blobPulls
	manifestPushes
	uploadChunks
	uploadCommits
	moves // how many there are
)

var moveOperations = [moves]operation{manifestPull, blobPull, manifestPush, uploadChunk, uploadCommit}

// moveOf is -1 for operations that move nothing.
func moveOf(o operation) int {
	switch o {
	case manifestPull:
		return manifestPulls
	case blobPull:
		return blobPulls
	case manifestPush:
		return manifestPushes
	case uploadChunk:
		return uploadChunks
	case uploadCommit:
		return uploadCommits
	}
	return -1
}

// A direction is that of what a request is made for.
type direction uint8

const (
	out direction = iota // to the client
	in                   // from the client
	directions
)

var directionNames = [directions]string{"out", "in"}

func directionOf(move int) direction {
	if move >= manifestPushes {
		return in
	}
	return out
}

// A project is what was counted for repositories of one name, or for all that have no place of their own.
type project struct {
	name     string
	outcomes [moves][outcomes]uint64
	bytes    [moves]uint64
	micros   [directions]uint64
	layers   [directions][maxNodes + 1]layers
}

// layers are how many went through, and how many of them were slow.
type layers struct{ all, slow uint64 }

// projects are those counted by name, the first of which is all others. One that has a name keeps it, since counters
// must not vanish; so a name is taken in only when it was used: once while half of the places are free, ever more often
// as they get scarce, that one-offs do not take them from the busy. Only operations that went well are uses: anybody
// can invent names.
type projects struct {
	all              []project
	byName           map[string]int
	max              int
	uses             [candidateSets][candidatesPerSet]candidate
	folded           [foldedBits / 64]uint64 // one bit for each name, by its hash
	foldedOperations uint64
}

const (
	otherProject     = 0
	otherName        = "other"
	candidateSets    = 256
	candidatesPerSet = 4
	foldedBits       = 1 << 15
	maxNameBytes     = 200
)

// A candidate is a name, by its hash, that may be taken in later.
type candidate struct {
	hash uint64
	uses uint64
}

func newProjects(limit int) projects {
	return projects{all: []project{{name: otherName}}, byName: map[string]int{}, max: limit}
}

// find takes a name in when used says that it was, and it is due. What it returns is good until the next call.
func (p *projects) find(name []byte, used bool) *project {
	if i, found := p.byName[string(name)]; found {
		return &p.all[i]
	}
	if used && validName(name) {
		if p.due(name) {
			return p.add(string(name))
		}
		p.fold(name)
	}
	return &p.all[otherProject]
}

func (p *projects) add(name string) *project {
	p.byName[name] = len(p.all)
	p.all = append(p.all, project{name: name})
	return &p.all[len(p.all)-1]
}

func (p *projects) fold(name []byte) {
	bit := hash(name) % foldedBits
	p.folded[bit/64] |= 1 << (bit % 64)
	p.foldedOperations++
}

// due tells whether the name was used often enough for the places that are left.
func (p *projects) due(name []byte) bool {
	taken := len(p.all) - 1
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

// use counts how often a candidate was used. The least used of four makes place for a new one.
func (p *projects) use(name []byte) uint64 {
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

// foldedNames is how many names there were in all that had no place: linear counting, true to a few percent up to some
// 50,000.
func (p *projects) foldedNames() float64 {
	free := 0
	for _, w := range p.folded {
		free += bits.OnesCount64(^w)
	}
	return math.Round(foldedBits * math.Log(foldedBits/float64(max(free, 1))))
}

// projectOf is the part of a repository's name that Options.Depth says.
func projectOf(repository []byte, depth int) []byte {
	switch {
	case depth == WholeName:
		return repository
	case depth < 0:
		if slash := bytes.LastIndexByte(repository, '/'); slash > 0 {
			return repository[:slash]
		}
		return repository
	}
	for i, b := range repository {
		if b == '/' {
			if depth--; depth == 0 {
				return repository[:i]
			}
		}
	}
	return repository
}

// validName is what a registry lets be a name.
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

// hash is the same on every machine and after every start (FNV-1a), so that what was saved fits.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
