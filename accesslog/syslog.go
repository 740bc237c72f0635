package accesslog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	idleTimeout = 10 * time.Minute // a connection without data is closed after it
	listenAgain = 10 * time.Second // after listening failed
	udpBuffer   = 8 << 20          // bytes that we ask the kernel for; it gives net.core.rmem_max at most
)

// A syslogServer is the state of receiving syslog. Tailer.lock guards it.
type syslogServer struct {
	udp        *net.UDPConn
	tcp        bool // it listens over TCP
	refused    uint64
	udpProblem error // why it does not listen
	tcpProblem error
}

// A SyslogReport says whether syslog is received, and how much of it was lost.
type SyslogReport struct {
	Listening  int    // 2: over UDP and TCP; 1: over one of them
	Dropped    uint64 // UDP: by the kernel, since nobody took them in time
	KnowsDrops bool
	Refused    uint64 // TCP: connections that were closed since there are too many
}

func (s *syslogServer) report() *SyslogReport {
	r := &SyslogReport{Refused: s.refused}
	if s.tcp {
		r.Listening++
	}
	if s.udp != nil {
		r.Listening++
		r.Dropped, r.KnowsDrops = drops(s.udp)
	}
	return r
}

// listenUDP takes datagrams until ctx ends.
func (t *Tailer) listenUDP(ctx context.Context) {
	t.listen(ctx, &t.syslog.udpProblem, func() error {
		conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", t.opts.Listen)
		if err != nil {
			return err
		}
		udp := conn.(*net.UDPConn)
		defer udp.Close()
		defer context.AfterFunc(ctx, func() { udp.Close() })()
		_ = udp.SetReadBuffer(udpBuffer)
		t.guarded(func() { t.syslog.udp, t.syslog.udpProblem = udp, nil })
		defer t.guarded(func() { t.syslog.udp = nil })
		return t.takeDatagrams(udp)
	})
}

// listen calls serve again and again until ctx ends, and sets problem while serve fails.
func (t *Tailer) listen(ctx context.Context, problem *error, serve func() error) {
	for ctx.Err() == nil {
		err := serve()
		t.guarded(func() { *problem = fmt.Errorf("%w: %w", ErrListen, err) })
		select {
		case <-time.After(listenAgain):
		case <-ctx.Done():
		}
	}
}

func (t *Tailer) takeDatagrams(udp *net.UDPConn) error {
	buf := make([]byte, maxLine+1)
	for {
		n, from, err := udp.ReadFromUDPAddrPort(buf[:maxLine])
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if !t.opts.allows(from) {
			continue
		}
		line := message(bytes.TrimRight(buf[:n], "\r\n\x00"))
		if len(line) > 0 {
			t.guarded(func() { t.count(append(line, '\n'), 0) })
		}
	}
}

// maxHeader bounds the header of a syslog message, in bytes.
const maxHeader = 300

// message drops the header that nginx and relays write: of <190>Nov 21 22:18:08 host nginx: MESSAGE it is MESSAGE. It returns a
// packet without such a header as it is. A header has no quote: the colon of <30>1 … time="…" msg="swift: …" belongs to the message.
func message(packet []byte) []byte {
	if len(packet) == 0 || packet[0] != '<' {
		return packet
	}
	priority, _, found := bytes.Cut(packet[1:min(len(packet), len("<191>"))], []byte(">"))
	if !found || len(bytes.Trim(priority, "0123456789")) > 0 {
		return packet
	}
	_, rest, found := bytes.Cut(packet, []byte(": "))
	if header := packet[:len(packet)-len(rest)]; !found || len(header) > maxHeader || bytes.IndexByte(header, '"') >= 0 {
		return packet
	}
	return rest
}

// listenTCP accepts connections until ctx ends. Relays, such as rsyslog, send each message as a line.
func (t *Tailer) listenTCP(ctx context.Context) {
	t.listen(ctx, &t.syslog.tcpProblem, func() error {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", t.opts.Listen)
		if err != nil {
			return err
		}
		defer l.Close()
		defer context.AfterFunc(ctx, func() { l.Close() })()
		t.guarded(func() { t.syslog.tcp, t.syslog.tcpProblem = true, nil })
		defer t.guarded(func() { t.syslog.tcp = false })
		var group sync.WaitGroup
		defer group.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		return t.accept(ctx, l, &group)
	})
}

func (t *Tailer) accept(ctx context.Context, l net.Listener, group *sync.WaitGroup) error {
	open := newConnections()
	for {
		conn, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accepting: %w", err)
		}
		if from, isTCP := conn.RemoteAddr().(*net.TCPAddr); isTCP && !t.opts.allows(from.AddrPort()) {
			conn.Close()
			continue
		}
		idle, added := open.add(conn, time.Now())
		if !added {
			idle = conn
		}
		if idle != nil {
			idle.Close()
			t.guarded(func() { t.syslog.refused++ })
		}
		if !added {
			continue
		}
		group.Go(func() {
			defer open.remove(conn)
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			t.takeLines(conn, func() { open.heard(conn, time.Now()) })
		})
	}
}

// takeLines counts the lines that come over a connection until it ends or is closed, or sends nothing for idleTimeout. It calls
// heard after each whole line.
func (t *Tailer) takeLines(conn net.Conn, heard func()) {
	buf := make([]byte, maxLine)
	held, skipping := 0, false
	for {
		_ = conn.SetReadDeadline(time.Now().Add(idleTimeout))
		n, err := conn.Read(buf[held:])
		held += n
		if err != nil {
			if !skipping && held > 0 && held < len(buf) && errors.Is(err, io.EOF) {
				t.guarded(func() { t.count(append(message(buf[:held]), '\n'), 0) })
			}
			return
		}
		end := bytes.LastIndexByte(buf[:held], '\n') + 1
		if end > 0 {
			heard()
		}
		lines := buf[:end]
		if skipping && end > 0 {
			_, lines, _ = bytes.Cut(lines, []byte{'\n'})
			skipping = false
		}
		tooLong := 0
		if end == 0 && held == len(buf) {
			if end = held; !skipping {
				tooLong, skipping = 1, true
			}
		}
		if len(lines) > 0 || tooLong > 0 {
			t.guarded(func() { t.count(messages(lines), tooLong) })
		}
		held = copy(buf, buf[end:held])
	}
}

// messages drops the syslog header of each line. It overwrites lines.
func messages(lines []byte) []byte {
	out := lines[:0]
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n') + 1
		line := message(lines[:end])
		lines = lines[end:]
		out = append(out, line...)
	}
	return out
}

// drops is how many datagrams the kernel dropped because its buffer was full (drops in /proc/net/udp).
func drops(udp *net.UDPConn) (uint64, bool) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return 0, false
	}
	var s syscall.Stat_t
	if err := raw.Control(func(fd uintptr) { err = syscall.Fstat(int(fd), &s) }); err != nil {
		return 0, false
	}
	inode := strconv.FormatUint(s.Ino, 10)
	for _, table := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		if n, found := dropsIn(table, inode); found {
			return n, true
		}
	}
	return 0, false
}

func dropsIn(table, inode string) (uint64, bool) {
	f, err := os.Open(table)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 13 && fields[9] == inode {
			n, err := strconv.ParseUint(fields[12], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
