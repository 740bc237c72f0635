// The gameday breaks the demo without saying what it broke, and keeps what reached people. Someone who knows the messages
// alone names each fault; truth.txt has the answers.
//
// For example, make gameday SEED=7 ROUNDS=5 writes round-01.txt to round-05.txt, and truth.txt beside them.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"registry_exporter/demo/standin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	seed := flag.Uint64("seed", 1, "decides which faults are drawn")
	rounds := flag.Int("rounds", 10, "how many faults, or quiet rounds, to play")
	dir := flag.String("dir", "gameday", "folder that the messages and truth.txt are written to")
	demo := flag.String("demo", "", "program of the demo, which is started with the other arguments")
	flag.Parse()
	if err := play(ctx, *seed, *rounds, *dir, append([]string{*demo}, flag.Args()...)); err != nil {
		fmt.Fprintln(os.Stderr, "gameday:", err)
		os.Exit(1)
	}
}

// play plays the rounds. Its error says how many of them went wrong, which is in truth.txt.
func play(ctx context.Context, seed uint64, rounds int, dir string, demo []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of the messages: %w", err)
	}
	g, err := start(ctx, demo)
	if err != nil {
		return err
	}
	defer g.demo.Stop()
	var truth []byte
	wrong := 0
	for i, name := range draw(seed, rounds) {
		fmt.Printf("round %d of %d\n", i+1, rounds)
		messages, err := g.round(ctx, name)
		if err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("round-%02d.txt", i+1)), []byte(messages), 0o644); err != nil {
			return fmt.Errorf("writing the messages: %w", err)
		}
		verdict := judge(name, messages)
		if verdict != right {
			wrong++
		}
		truth = fmt.Appendf(truth, "round %d: %s: %s\n", i+1, name, verdict)
		if err := os.WriteFile(filepath.Join(dir, "truth.txt"), truth, 0o644); err != nil {
			return fmt.Errorf("writing the truth: %w", err)
		}
	}
	fmt.Printf("%d of %d rounds as they should be; %s has the messages, and truth.txt in it the faults\n", rounds-wrong, rounds, dir)
	if wrong > 0 {
		return fmt.Errorf("%d rounds went wrong: see truth.txt", wrong)
	}
	return nil
}

// nothing is a round in which nothing breaks.
const nothing = "nothing"

// undrawn are the faults that no round has: one breaks all parts, and the ticket of the other stays for a day.
var undrawn = []string{"everything", "trust-deleted"}

// quietRounds is one in how many rounds nothing breaks.
const quietRounds = 8

// draw are the names of faults for a seed. No fault comes twice before all others have come.
func draw(seed uint64, rounds int) []string {
	random := rand.New(rand.NewPCG(seed, seed))
	var names, pool []string
	for len(names) < rounds {
		if random.IntN(quietRounds) == 0 {
			names = append(names, nothing)
			continue
		}
		if len(pool) == 0 {
			for _, i := range random.Perm(len(standin.Table)) {
				if name := standin.Table[i].Name; !slices.Contains(undrawn, name) {
					pool = append(pool, name)
				}
			}
		}
		names = append(names, pool[0])
		pool = pool[1:]
	}
	return names
}

// playTime is how long a fault lasts: longer than any page takes ten times as fast as it ships, and most tickets.
const playTime = 130 * time.Second
