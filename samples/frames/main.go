// Command frames has goroutines whose locals it knows. It prints the truth as the other samples do; then, for each byte of
// standard input, wakes one of them, which prints its locals and waits again: so a debugger that was there has left it whole.
package main

import (
	"fmt"
	"os"
	"runtime"

	"gdbext.example/samples/internal/report"
)

var told struct {
	report.Common
	Holder int64  `json:"holder"` // the goroutine that waits in hold
	Count  int    `json:"count"`  // its locals
	Tenant string `json:"tenant"`
	Double int    `json:"double"`
	Child  int64  `json:"child"` // the goroutine that hold made, in a closure
}

var (
	wake = make(chan struct{})
	ids  = make(chan int64)
	park = make(chan struct{})
)

//go:noinline
func hold(count int, tenant string) {
	double := twice(count) // a result is kept on the stack, optimised or not
	for {
		wait()
		fmt.Fprintln(os.Stdout, "alive", count, tenant, double)
	}
}

//go:noinline
func wait() { <-wake }

//go:noinline
func twice(n int) int { return 2 * n }

// newborn has not run yet when spawned, which asks nobody for leave, is called: there is one processor, and it is busy.
func newborn() { <-park }

//go:noinline
//go:nosplit
func spawned() { runtime.KeepAlive(told) }

func main() {
	runtime.GOMAXPROCS(1)
	go newborn()
	spawned()
	runtime.GOMAXPROCS(2)
	told.Count, told.Tenant = 20+len(os.Args), "acme"
	told.Double = twice(told.Count)
	go func() {
		ids <- report.Goid()
		hold(told.Count, told.Tenant)
	}()
	told.Holder = <-ids
	captured := told.Count + 1
	go func() {
		ids <- report.Goid()
		<-park
		runtime.KeepAlive(captured)
	}()
	told.Child = <-ids
	told.Main = report.Goid()
	report.Settle("the others", func() bool {
		stacks := report.Stacks()
		return report.Parked(stacks, told.Holder) && report.Parked(stacks, told.Child)
	})
	told.Observe()
	report.Print(told)
	answer()
}

// answer wakes hold for each byte read, and ends with the input.
func answer() {
	var one [1]byte
	for {
		if _, err := os.Stdin.Read(one[:]); err != nil {
			os.Exit(0)
		}
		wake <- struct{}{}
	}
}
