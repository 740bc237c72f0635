// Package fakeharbor is a Harbor for tests and for the demo. It plays the states in which a real one, v2.15.2, was recorded:
//
//	server := fakeharbor.New("postgres_stopped")
//	page := httptest.NewServer(server)
//	server.Set("healthy")
//
// A folder of states has the answers of the API as they came, secrets replaced, and index.json with the time and those
// statuses that are not 200. fakeharbor.go answers from them, and v2.go answers /v2/ and the token service as Harbor did in that state.
package fakeharbor

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed states
var files embed.FS

// The account that the server lets in.
const (
	User     = "robot$monitor"
	Password = "harborharbor"
)

// A Server is a Harbor in one of the states. It is for many goroutines.
type Server struct {
	Lacks string // method of /v2/ for which the account has no right, such as DELETE; set before the first request
	Live  bool   // times are those of now, as if the state had just been recorded; set before the first request

	mu    sync.Mutex
	state string
	asked []string // methods and paths of requests to the API with credentials
}

// New makes a Harbor in a state. A state that is not recorded panics.
func New(state string) *Server {
	s := &Server{}
	s.Set(state)
	return s
}

// States are the names of all states.
func States() []string {
	entries, err := files.ReadDir("states")
	if err != nil {
		panic(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Set changes the state.
func (s *Server) Set(state string) {
	recordingOf(state)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// State is the name of the state.
func (s *Server) State() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Asked are the paths that were asked with credentials.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// A recording is index.json of a state.
type recording struct {
	Recorded time.Time      `json:"recorded"`
	Status   map[string]int `json:"status"` // by answer; 200 where it has none
}

func recordingOf(state string) recording {
	var r recording
	text, err := files.ReadFile("states/" + state + "/index.json")
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		panic(err)
	}
	return r
}

// Recorded is when the state was recorded.
func Recorded(state string) time.Time { return recordingOf(state).Recorded }

// answers are the files by path below /api/v2.0/.
var answers = map[string]string{
	"health": "health", "systeminfo": "systeminfo", "jobservice/pools": "jobservice_pools", "jobservice/queues": "jobservice_queues",
	"system/gc": "system_gc", "system/gc/schedule": "system_gc_schedule", "registries": "registries",
	"replication/policies": "replication_policies", "replication/executions": "replication_executions", "quotas": "quotas",
}

// ServeHTTP answers as Harbor does in the state.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	state := s.State()
	path, isAPI := strings.CutPrefix(r.URL.Path, "/api/v2.0/")
	if !isAPI {
		s.serveV2(w, r, state)
		return
	}
	name, known := answers[path]
	rec := recordingOf(state)
	status := rec.Status[name]
	switch isLogin := hasLogin(r); {
	case !known:
		http.NotFound(w, r)
		return
	case name == "health":
	case r.Header.Get("Authorization") == "" || !isLogin && status == 0:
		say(w, http.StatusUnauthorized, `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]}`)
		return
	default:
		s.mu.Lock()
		s.asked = append(s.asked, r.URL.RequestURI())
		s.mu.Unlock()
	}
	text, err := files.ReadFile("states/" + state + "/" + name + ".json")
	if err != nil {
		panic(err)
	}
	if id := r.URL.Query().Get("policy_id"); id != "" && status == 0 {
		text = ofPolicy(text, id, r.URL.Query().Get("page_size"))
	}
	if page := r.URL.Query().Get("page"); page != "" && page != "1" {
		text = []byte("[]")
	}
	w.Header().Set("Date", rec.Recorded.Format(http.TimeFormat))
	if s.Live {
		now := time.Now().UTC().Truncate(time.Second) // as Date has it
		w.Header().Set("Date", now.Format(http.TimeFormat))
		text = moved(text, now.Sub(rec.Recorded))
	}
	if status == 0 {
		status = http.StatusOK
	}
	say(w, status, string(text))
}

func say(w http.ResponseWriter, status int, body string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

// hasLogin says whether the request has the account that is let in.
func hasLogin(r *http.Request) bool {
	return r.Header.Get("Authorization") == "Basic "+base64.StdEncoding.EncodeToString([]byte(User+":"+Password))
}

// ofPolicy keeps the executions of one policy, as many as a page has.
func ofPolicy(text []byte, id, pageSize string) []byte {
	var all, own []map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		panic(err)
	}
	most, _ := strconv.Atoi(pageSize)
	for _, e := range all {
		if fmt.Sprint(e["policy_id"]) == id && len(own) < most {
			own = append(own, e)
		}
	}
	if own == nil {
		return []byte("[]")
	}
	text, err := json.Marshal(own)
	if err != nil {
		panic(err)
	}
	return text
}

var moments = regexp.MustCompile(`"2026-11-2\dT[\d:.]+Z"`)

// moved moves all times of the recording.
func moved(text []byte, by time.Duration) []byte {
	return moments.ReplaceAllFunc(text, func(quoted []byte) []byte {
		at, err := time.Parse(`"2006-01-02T15:04:05Z07:00"`, string(quoted))
		if err != nil {
			return quoted
		}
		return []byte(at.Add(by).UTC().Format(`"2006-01-02T15:04:05.000Z"`))
	})
}
