package config

// Notes are warnings about a configuration that is valid, each with file, line and key. --config.check shows them. For example:
// a password goes over http.
func (c *Config) Notes() []string {
	var notes []string
	for i, r := range c.Registries {
		note := func(text string, path ...any) {
			notes = append(notes, c.Errorf(append([]any{"registries", i}, path...), "%s", text).Error())
		}
		if r.hasPassword() && r.Realms == nil {
			note("if the registry hands out tokens, the password goes to "+r.URL.Hostname()+" and to hosts under the same domain alone. "+
				"A token server elsewhere needs its host in realms: registry_exporter check "+r.Name+" asks which it is", "http")
		}
		if r.Push != nil && r.Push.Mode == PushUpload && !r.Passive {
			note("mode upload sends 64 bytes: mode: image also shows a front that limits bodies, and a store that loses what it took", "push")
		}
		if m := r.MSR; m != nil && len(m.Replicas) == 1 {
			note("one address: behind a load balancer each answer is the view of another replica, and one that is cut off looks like a lost majority. "+
				"Name every replica in replicas: [https://10.0.0.11, …]", "msr")
		}
		for _, risk := range r.risks() {
			note(risk)
		}
		if r.AccessLog != nil && !r.AccessLog.tellsAgents() {
			note("has no $http_user_agent: the exporter's own probes count as requests of clients", "access_log", "format")
		}
	}
	return notes
}
