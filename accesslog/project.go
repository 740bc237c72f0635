package accesslog

import (
	"bytes"
	"math"
	"math/bits"
)

// The operations that pull or push manifests and layers. These alone are counted by project.
const (
	manifestPulls = iota
	blobPulls
	manifestPushes
	uploadChunks
	uploadCommits
	moves // how many there are
)

var moveOperations = [moves]operation{manifestPull, blobPull, manifestPush, uploadChunk, uploadCommit}

// moveOf is the index of an operation in moveOperations; -1 for an operation that is not counted by project.
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

// A direction says who receives the manifest or layer.
type direction uint8

const (
	out direction = iota // the client: a pull
	in                   // the registry: a push
	directions
)

var directionNames = [directions]string{"out", "in"}

func directionOf(move int) direction {
	if move >= manifestPushes {
		return in
	}
	return out
}

// A project holds the counters of all repositories of one project, or of all projects that are not counted by name.
type project struct {
	name     string
	outcomes [moves][outcomes]uint64
	bytes    [moves]uint64
	micros   [directions]uint64
	layers   [directions][maxNodes + 1]layers
}

// layers counts layers that were sent, and those of them that were slow.
type layers struct{ all, slow uint64 }

// projects counts at most max projects by name, and all others together as other, which is the first. A project that is
// counted by name stays so, since a counter must not vanish. So a name gets a place only after pulls or pushes of it went well
// (anybody can invent a name):
//
//	places taken       pulls and pushes before it gets one
//	less than 1/2      1
//	less than 3/4      10
//	less than all      100
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

// A candidate is a project that may get a place later.
type candidate struct {
	hash uint64
	uses uint64
}

func newProjects(limit int) projects {
	return projects{all: []project{{name: otherName}}, byName: map[string]int{}, max: limit}
}

// find returns the project of a name, or other. used says that a pull or push of it went well: then the name gets a place if
// one is due. The pointer is valid until the next call.
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

// due counts a use of the name, and says whether it has had enough of them to get a place.
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

// use counts a use of a candidate, and returns how many it has had. A new candidate replaces the one with the fewest uses of
// the four whose hashes fall into the same set.
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

// foldedNames estimates how many different names counted as other. It is linear counting: right to a few percent up to some
// 50,000 names.
func (p *projects) foldedNames() float64 {
	free := 0
	for _, w := range p.folded {
		free += bits.OnesCount64(^w)
	}
	return math.Round(foldedBits * math.Log(foldedBits/float64(max(free, 1))))
}

// projectOf is the project of a repository, by Options.Depth.
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
