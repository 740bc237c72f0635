package accesslog

import "bytes"

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
	outcomes [moves][outcomes]uint64
	bytes    [moves]uint64
	micros   [directions]uint64
	layers   [directions][maxNodes + 1]layers
}

// layers counts layers that were sent, and those of them that were slow.
type layers struct{ all, slow uint64 }

// projects counts at most max projects by name, and all others together as other, which is the first.
type projects struct {
	busiest
	all []project
}

func newProjects(limit int) projects {
	return projects{busiest: newBusiest(limit), all: make([]project, 1)}
}

// find returns the project of a name, or other. used says that a pull or push of it went well: then the name gets a place if
// one is due. The pointer is valid until the next call.
func (p *projects) find(name []byte, used bool) *project {
	i := p.busiest.find(name, used)
	if i == len(p.all) {
		p.all = append(p.all, project{})
	}
	return &p.all[i]
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
