// Package report is how a sample tells the truth about itself: one line of JSON, the line READY, then it parks until its
// standard input is closed.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Bound is the longest a sample lives, whoever forgets it: longer than a whole run of the tests on a busy machine holds one.
const Bound = time.Hour

// Goid is the number of the calling goroutine, as runtime.Stack prints it.
//
//go:noinline
func Goid() int64 {
	var buffer [64]byte
	text := string(buffer[:runtime.Stack(buffer[:], false)])
	number, err := strconv.ParseInt(strings.Fields(text)[1], 10, 64)
	if err != nil {
		panic(err)
	}
	return number
}

// Stacks is runtime.Stack of every goroutine, whole.
func Stacks() string {
	for size := 1 << 20; ; size *= 2 {
		buffer := make([]byte, size)
		if n := runtime.Stack(buffer, true); n < size {
			return string(buffer[:n])
		}
	}
}

// Settle waits until settled says that every goroutine is where it shall be.
func Settle(what string, settled func() bool) {
	for limit := time.Now().Add(20 * time.Second); !settled(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(limit) {
			fmt.Fprintf(os.Stderr, "%.100000s\n", Stacks())
			panic("did not settle: " + what)
		}
	}
}

// Parked says whether runtime.Stack shows the goroutine waiting (not running, runnable or gone).
func Parked(stacks string, goid int64) bool {
	_, after, found := strings.Cut("\n"+stacks, fmt.Sprintf("\ngoroutine %d [", goid))
	return found && !strings.HasPrefix(after, "run")
}

// Common is what every sample says. Reporter is the goroutine that wrote it: the only one that Stack shows running
// and that afterwards waits for the end of standard input.
type Common struct {
	Pid      int              `json:"pid"`
	Go       string           `json:"go"`
	Reporter int64            `json:"reporter"`
	Main     int64            `json:"main"`
	Stack    string           `json:"stack"`
	MemStats runtime.MemStats `json:"memstats"`
}

// Observe fills in everything but Main. Of very many goroutines the stacks are not taken: their text would be the heap.
func (c *Common) Observe() {
	c.Pid, c.Go, c.Reporter = os.Getpid(), runtime.Version(), Goid()
	if runtime.NumGoroutine() < 10_000 {
		c.Stack = Stacks()
	}
	runtime.ReadMemStats(&c.MemStats)
}

// Print writes the truth and READY.
func Print(truth any) {
	line, err := json.Marshal(truth)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(line, "\nREADY\n"...))
}

// ExitAtEnd ends the process when standard input is closed, or after Bound. Call it on the reporting goroutine.
func ExitAtEnd() {
	time.AfterFunc(Bound, func() { os.Exit(3) })
	var byte1 [1]byte
	for {
		if _, err := os.Stdin.Read(byte1[:]); err != nil {
			os.Exit(0)
		}
	}
}
