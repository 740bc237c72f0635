package accesslog

// maxNumber is more than any log has a reason for, and so little that sums do not run over.
const maxNumber = 1 << 50

// number reads digits. It is not there (absent) where nginx has nothing to say: "-" or nothing at all.
func number(b []byte) (n uint64, present, valid bool) {
	if absent(b) {
		return 0, false, true
	}
	for _, d := range b {
		if d -= '0'; d > 9 {
			return 0, false, false
		} else if n = n*10 + uint64(d); n > maxNumber {
			return 0, false, false
		}
	}
	return n, true, true
}

// micros reads seconds with a fraction. More than a day and a half is that.
func micros(b []byte) (n uint64, present, valid bool) { return decimal(b, maxMicros) }

// epochMicros reads seconds since 1970, up to the year 2255.
func epochMicros(b []byte) (n uint64, present, valid bool) { return decimal(b, 1<<53) }

func decimal(b []byte, limit uint64) (n uint64, present, valid bool) {
	if absent(b) {
		return 0, false, true
	}
	scale, digits := uint64(0), 0
	for _, d := range b {
		if d == '.' && scale == 0 {
			scale = 1e6
			continue
		}
		if d -= '0'; d > 9 {
			return 0, false, false
		}
		digits++
		if scale == 1 {
			continue // finer than we count
		}
		n = n*10 + uint64(d)
		scale /= 10
		if n > maxNumber {
			return 0, false, false
		}
	}
	switch {
	case digits == 0:
		return 0, false, false
	case scale == 0:
		scale = 1e6
	}
	return min(n, limit/scale) * scale, true, true
}

func absent(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '-' }

// statusOf is -1 for what is no status.
func statusOf(b []byte) int {
	if len(b) != 3 {
		return -1
	}
	x, y, z := b[0]-'0', b[1]-'0', b[2]-'0'
	if x > 9 || y > 9 || z > 9 {
		return -1
	}
	return int(x)*100 + int(y)*10 + int(z)
}
