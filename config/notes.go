package config

// Notes are what people should know of a configuration that is right, each with file, line and key.
func (c *Config) Notes() []string {
	var notes []string
	for i, r := range c.Registries {
		if r.AccessLog != nil && !r.AccessLog.tellsAgents() {
			notes = append(notes, c.Errorf([]any{"registries", i, "access_log", "format"},
				"has no $http_user_agent: the exporter's own probes count as requests of clients").Error())
		}
	}
	return notes
}
