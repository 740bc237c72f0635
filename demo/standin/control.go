package standin

import (
	"fmt"
	"net/http"
)

// Control is the handler of the page that lists the parts, and on which people break them.
func (s *Stack) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.list)
	mux.HandleFunc("POST /faults/{name}", s.set(true))
	mux.HandleFunc("DELETE /faults/{name}", s.set(false))
	return mux
}

func (s *Stack) list(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "What runs here:\n%s\nFaults, * is on. POST http://%s/faults/NAME breaks, DELETE mends:\n%s", s.Parts(), r.Host, s.Faults.List())
}

func (s *Stack) set(on bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if !Known(name) {
			http.Error(w, "no such fault; there are:\n"+s.Faults.List(), http.StatusNotFound)
			return
		}
		if err := s.Faults.Set(name, on); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		state := "off"
		if on {
			state = "on"
		}
		fmt.Fprintf(w, "%s is %s\n", name, state)
	}
}
