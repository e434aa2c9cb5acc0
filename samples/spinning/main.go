// Command spinning has more goroutines that compute than processors for them. Each holds an object by a register alone: of
// the thread where it runs, saved where it was preempted.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"gdbext.example/samples/internal/report"
)

const (
	processors = 2
	spinners   = 5
)

type counter struct {
	n    int64
	next *counter
}

type plant struct {
	Goid    int64  `json:"goid"`
	Address string `json:"address"`
}

type truth struct {
	report.Common
	Plants []plant `json:"plants"`
}

// begun counts loops, not objects: these nobody else may hold.
var begun [spinners]int64

func main() {
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(processors)
	var told truth
	told.Main = report.Goid()
	told.Observe()
	said := make(chan plant)
	for i := 0; i < spinners; i++ {
		go hold(i, said)
		told.Plants = append(told.Plants, <-said)
	}
	report.Settle("every loop", func() bool {
		for i := range begun {
			if atomic.LoadInt64(&begun[i]) == 0 {
				return false
			}
		}
		return true
	})
	report.Print(told)
	report.ExitAtEnd()
}

func hold(number int, said chan<- plant) {
	mine := new(counter)
	said <- plant{report.Goid(), fmt.Sprintf("%p", mine)}
	spin(mine, &begun[number])
}

//go:noinline
func spin(mine *counter, begun *int64) {
	for {
		*begun++
		if mine.n++; mine.next != nil {
			mine = mine.next
		}
	}
}
