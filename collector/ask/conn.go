package ask

import (
	"errors"
	"net"

	"registry_exporter/collector/source"
)

// A quietConn names no addresses in its errors: those of the system name ours, and what a name of the configuration or of an
// answer is resolved to. They go to the log alone.
type quietConn struct{ net.Conn }

// Read implements io.Reader.
func (c quietConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, withoutAddresses(err)
}

// Write implements io.Writer.
func (c quietConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, withoutAddresses(err)
}

func withoutAddresses(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err
	}
	return source.Detailed(err, op.Op+": "+op.Err.Error())
}
