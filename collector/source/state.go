package source

// A State is how a source or a registry is, for reports.
type State string

// The states, the best first. StateWaiting is that of a probe whose first run has not ended.
const (
	StateOK      State = "ok"
	StateWaiting State = "waiting"
	StateWarning State = "warning"
	StateFailed  State = "failed"
)

// Mark is the state as one character: ✓, …, ! or ✗.
func (s State) Mark() string {
	return map[State]string{StateOK: "✓", StateWarning: "!", StateWaiting: "…", StateFailed: "✗"}[s]
}
