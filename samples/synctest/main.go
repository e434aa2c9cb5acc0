// Command synctest parks goroutines in two bubbles of testing/synctest, some of them durably, prints the truth about them
// as one JSON line (runtime.Stack whole, and which goroutine is which), then READY, and stays until its standard input is
// closed. Go 1.24 needs GOEXPERIMENT=synctest.
package main

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gdbext.example/samples/internal/report"
)

type plantRecord struct {
	Name string `json:"name"`
	Goid int64  `json:"goid"`
}

type truth struct {
	report.Common
	Plants []plantRecord `json:"plants"`
}

var (
	outside = make(chan struct{}) // whoever waits for it can be woken from outside of the bubble
	ids     = make(chan plantRecord)
	told    truth
)

// plant starts a goroutine that says its number and then blocks in f.
func plant(name string, f func()) {
	go func() {
		ids <- plantRecord{name, report.Goid()}
		f()
	}()
}

const planted = 8

func bubble(*testing.T) {
	var (
		inside = make(chan struct{})
		other  = make(chan struct{})
		group  sync.WaitGroup
		lock   sync.Mutex
		never  = sync.NewCond(&lock)
	)
	group.Add(1)
	plant("durable receive", func() { <-inside })
	plant("durable select", func() {
		select {
		case <-inside:
		case <-other:
		}
	})
	plant("durable group", group.Wait)
	plant("sleep", func() { time.Sleep(time.Hour) })
	plant("condition", func() { lock.Lock(); never.Wait() })
	plant("no cases", func() { select {} })
	plant("locked", func() { runtime.LockOSThread(); <-inside })
	// This one keeps the bubble's clock still: the sleeper sleeps for ever.
	plant("receive from outside", func() { <-outside })
	synctest.Wait()
}

// bubbles is the one test: it never ends.
func bubbles(t *testing.T) {
	for range 2 {
		go within(t, bubble)
		for range planted {
			told.Plants = append(told.Plants, <-ids)
		}
	}
	go tell()
	<-outside
}

func main() {
	told.Main = report.Goid()
	every := func(string, string) (bool, error) { return true, nil }
	testing.Main(every, []testing.InternalTest{{Name: "bubbles", F: bubbles}}, nil, nil)
}

func tell() {
	report.Settle("every plant", func() bool {
		stacks := report.Stacks()
		// Both that made a bubble, and both in synctest.Wait.
		parked := strings.Count(stacks, "[synctest.") == 4 && report.Parked(stacks, told.Main)
		for _, p := range told.Plants {
			parked = parked && report.Parked(stacks, p.Goid)
		}
		return parked
	})
	told.Observe()
	report.Print(told)
	report.ExitAtEnd()
}
