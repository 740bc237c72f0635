package accesslog

// maxNumber is the largest number that a line may have, 1 PiB: 16,000 of them add up without an overflow.
const maxNumber = 1 << 50

// number reads digits. present is false for "-" and for an empty text, which nginx writes when it has no value. valid is
// false for any other text, and for a number above maxNumber.
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

// micros reads seconds with a fraction, such as 0.012. More than 36 hours (2^17 s) count as 36 hours.
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
			continue // a digit below a microsecond
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

// statusOf is the status that b spells, such as 200; -1 when b has not three digits.
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
