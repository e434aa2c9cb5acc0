// Command crash is made to die: goroutines loop in functions of known names, it says which, then READY. What kills it
// makes the runtime print every goroutine (GOTRACEBACK=crash) before the kernel writes a core: that print is the truth.
package main

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"gdbext.example/samples/internal/report"
)

type truth struct {
	report.Common
	Busy []int64 `json:"busy"`
}

var (
	loops = flag.Int("loops", 0, "goroutines that loop without a call, each on a processor of its own; main is the last")
	how   = flag.String("die", "", "how to die when standard input has a byte: panic, nil, maps, deadlock, overflow")
	spins [8]atomic.Int64
	ids   = make(chan int64)
	told  truth
)

func main() {
	flag.Parse()
	debug.SetGCPercent(-1) // a loop that is not preempted (GODEBUG=asyncpreemptoff=1) would hold up a collection for ever
	runtime.GOMAXPROCS(*loops + 2)
	told.Main = report.Goid()
	observed := make(chan bool)
	go tell(observed)
	<-observed
	for i := 1; i < *loops; i++ {
		i := i
		go func() {
			ids <- report.Goid()
			outer(&spins[i])
		}()
	}
	if *loops > 0 {
		ids <- told.Main
		outer(&spins[0])
	}
	select {}
}

// tell stops the world, so it does that before anything loops.
func tell(observed chan bool) {
	told.Observe()
	observed <- true
	for i := 0; i < *loops; i++ {
		told.Busy = append(told.Busy, <-ids)
	}
	report.Settle("every loop", func() bool {
		for i := 0; i < *loops; i++ {
			if spins[i].Load() == 0 {
				return false
			}
		}
		return true
	})
	report.Print(told)
	if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
		os.Exit(0)
	}
	die()
}

func outer(n *atomic.Int64) {
	loop(n)
}

// loop makes no calls: only a signal can interrupt it.
//
//go:noinline
func loop(n *atomic.Int64) {
	for {
		n.Add(1)
	}
}

//go:noinline
func die() {
	switch *how {
	case "panic":
		defer func() { panic("another") }()
		panic("one")
	case "nil":
		println(*missing)
	case "maps":
		for i := 0; i < 4; i++ {
			go write(i)
		}
	case "overflow":
		debug.SetMaxStack(1 << 16) // instead of 1 GB, which would all be in the core
		println(deeper(0))
	}
	select {} // with nothing else to run: deadlock
}

var (
	missing *int
	shared  = map[int]int{}
)

func write(i int) {
	for {
		shared[i]++
		time.Sleep(0)
	}
}

//go:noinline
func deeper(n int) int {
	return deeper(n+1) + 1
}
