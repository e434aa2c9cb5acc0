// Command goroutines parks goroutines in every state there is, prints the truth about them as one JSON line (runtime.Stack
// whole, and which goroutine is which), then READY, and stays until its standard input is closed.
package main

import (
	"flag"
	"runtime"

	"gdbext.example/samples/internal/report"
)

type plantRecord struct {
	Name   string            `json:"name"`
	Goid   int64             `json:"goid"`
	Labels map[string]string `json:"labels,omitempty"`
}

type truth struct {
	report.Common
	Plants []plantRecord `json:"plants"`
	Busy   []int64       `json:"busy"`
}

var (
	busy  = flag.Bool("busy", false, "more busy loops than processors: some run, some wait for their turn where they were interrupted")
	depth = flag.Int("depth", 220, "frames of the deep recursion; runtime.Stack shows 100")
	park  = make(chan struct{})
	ids   = make(chan int64)
	told  truth
	more  []func() // what only newer Go releases have
)

// plant starts a goroutine that says its number and then blocks in f.
func plant(name string, f func()) {
	go func() {
		ids <- report.Goid()
		f()
	}()
	planted(name)
}

func planted(name string) {
	told.Plants = append(told.Plants, plantRecord{Name: name, Goid: <-ids})
}

func main() {
	flag.Parse()
	told.Main = report.Goid()
	plantChannels()
	plantLocks()
	plantTimers()
	plantSystem()
	plantShapes()
	plantPanics()
	plantLabels()
	for _, f := range more {
		f()
	}
	if *busy {
		plantBusy()
	}
	go tell()
	<-park
}

func tell() {
	report.Settle("every plant", func() bool {
		stacks := report.Stacks()
		parked := report.Parked(stacks, told.Main)
		for _, p := range told.Plants {
			parked = parked && report.Parked(stacks, p.Goid)
		}
		return parked
	})
	told.Observe()
	report.Print(told)
	report.ExitAtEnd()
}

// plantBusy: with more loops than processors there is always one that was interrupted and waits.
func plantBusy() {
	const processors = 2
	runtime.GOMAXPROCS(processors)
	for i := 0; i <= processors; i++ {
		go func() {
			ids <- report.Goid()
			spin()
		}()
		told.Busy = append(told.Busy, <-ids)
	}
}

var spins uint64

// spin makes no calls: only a signal can interrupt it.
//
//go:noinline
func spin() {
	for {
		spins++
	}
}
