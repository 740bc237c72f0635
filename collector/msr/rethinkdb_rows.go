package msr

import "time"

// systemTable reads one table of rethink_system_tables.
func (s *clusterStatus) systemTable(name []byte) error {
	var read bool
	switch string(name) {
	case "current_issues":
		return s.rows(func() error { return s.issue(false) }, &s.issues.read)
	case "server_status":
		odd := s.odd
		err := s.rows(s.serverStatus, &read)
		if read && len(s.database.servers) == 0 { // at least the server that gave this answer must be there
			s.odd++
		}
		s.database.allServers = read && s.odd == odd
		return err
	case "table_config":
		return s.rows(s.tableConfig, &read)
	case "table_status":
		return s.rows(s.tableStatus, &read)
	case "stats":
		return s.rows(s.stats, &read)
	}
	return s.skip()
}

// rows reads a list, and calls row for each row. It passes over a row of another type than expected. It sets read at the
// end of the list.
func (s *clusterStatus) rows(row func() error, read *bool) error {
	return s.tolerate(func() error {
		err := s.array(func() error { return s.tolerate(row) })
		*read = *read || err == nil
		return err
	})
}

// serverStatus reads a row of server_status.
func (s *clusterStatus) serverStatus() error {
	var row server
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "id":
			row.id, err = s.text()
		case "name":
			row.name, err = s.text()
		case "network":
			row.peers, err = s.network()
		case "process":
			row.started, err = s.process()
		default:
			err = s.skip()
		}
		return err
	})
	if err == nil && row.name == "" {
		err = errShape
	}
	if err == nil {
		err = s.keep()
		s.database.servers = append(s.database.servers, row)
	}
	return err
}

// network reads server_status: network.
func (s *clusterStatus) network() (peers []peer, err error) {
	err = s.object(func(key []byte) error {
		if string(key) != "connected_to" {
			return s.skip()
		}
		return s.object(func(name []byte) error {
			connected, err := s.boolean()
			if err == nil {
				err = s.keep()
				peers = append(peers, peer{string(name), connected})
			}
			return err
		})
	})
	return peers, err
}

// process reads server_status: process.
func (s *clusterStatus) process() (started time.Time, err error) {
	err = s.object(func(key []byte) error {
		if string(key) != "time_started" {
			return s.skip()
		}
		text, err := s.text()
		started, _ = time.Parse(time.RFC3339, text)
		return err
	})
	return started, err
}

// tableConfig reads a row of table_config: the servers that hold a table. table_status names no server of a table whose
// servers are all lost.
func (s *clusterStatus) tableConfig() error {
	return s.object(func(key []byte) error {
		if string(key) != "shards" {
			return s.skip()
		}
		return s.shards(s.namedServer)
	})
}

// tableStatus reads a row of table_status.
func (s *clusterStatus) tableStatus() error {
	var t table
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "db":
			t.db, err = s.text()
		case "name":
			t.name, err = s.text()
		case "status":
			t.hasStatus = true
			err = s.availability(&t)
		case "shards":
			t.hasShards = true
			if !s.null() { // it is null when no server of the table can be reached
				err = s.shards(func() error { return s.replicaState(&t) })
			}
		default:
			err = s.skip()
		}
		return err
	})
	if err == nil && t.name == "" {
		err = errShape
	}
	if err == nil {
		err = s.keep()
		s.database.tables = append(s.database.tables, t)
	}
	return err
}

// availability reads table_status: status into t.
func (s *clusterStatus) availability(t *table) error {
	return s.object(func(key []byte) error {
		level := indexOf(availabilityLevels[:], key)
		if level < 1 {
			return s.skip()
		}
		ready, err := s.boolean()
		if ready {
			t.availability = max(t.availability, level)
		}
		return err
	})
}

// shards reads the shards of table_config or table_status. It calls replica before each replica; replica must read it.
func (s *clusterStatus) shards(replica func() error) error {
	return s.array(func() error {
		return s.object(func(key []byte) error {
			if string(key) != "replicas" {
				return s.skip()
			}
			return s.array(replica)
		})
	})
}

// replicaState reads a replica of table_status into t, and counts it for its server.
func (s *clusterStatus) replicaState(t *table) error {
	var server *states
	state := -1
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "server":
			server, err = s.serverOfTable()
		case "state":
			var text []byte
			if text, err = s.rawText(); err == nil {
				if state = indexOf(replicaStates[:], text); state < 0 {
					state = len(replicaStates) - 1
				}
			}
		default:
			err = s.skip()
		}
		return err
	})
	if state >= 0 {
		t.states[state]++
		if server != nil {
			server[state]++
		}
	}
	return err
}

// namedServer reads the name of a server that holds a table, and keeps the name.
func (s *clusterStatus) namedServer() error {
	_, err := s.serverOfTable()
	return err
}

// serverOfTable reads the name of a server that holds a table. It returns the counts of replicas on that server; nil for
// a server without a name.
func (s *clusterStatus) serverOfTable() (*states, error) {
	name, err := s.rawText()
	if err != nil || len(name) == 0 {
		return nil, err
	}
	if known := s.database.named[string(name)]; known != nil {
		return known, nil
	}
	replicas := &states{}
	s.database.named[string(name)] = replicas
	return replicas, s.keep()
}
