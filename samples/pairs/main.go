// Command pairs leaks in one of the ways that Go services do, or does the same work with the leak repaired:
//
//	pairs -leak cancel              leaks until it is ended
//	pairs -leak cancel -repaired    does not
//
// With -operations N it does so many, says what is left of them, and parks.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"gdbext.example/samples/internal/report"
)

// pair is a leak and its repair. Each serves one request, under the context of the whole server.
type pair struct {
	leaky, repaired func(server context.Context, payload []byte)
}

var pairs = map[string]pair{
	"cancel":  {cancelForgotten, cancelDeferred},
	"timeout": {timeoutForgotten, timeoutDeferred},
	"request": {goroutineForEach, afterFuncForEach},
	"ring":    {ringOfStrong, ringOfWeak},
	"slice":   {slicePinned, sliceCloned},
}

type truth struct {
	report.Common
	Leak       string `json:"leak"`
	Repaired   bool   `json:"repaired"`
	Operations int    `json:"operations"`
	Payload    int    `json:"payload"`
	Alive      int64  `json:"alive"`
}

const (
	ticks = 100 // each second
	page  = 4096
)

var (
	leak       = flag.String("leak", "cancel", "which: cancel, timeout, request, ring, slice")
	repaired   = flag.Bool("repaired", false, "the same without the leak")
	rate       = flag.Int("rate", 1000, "operations each second")
	operations = flag.Int("operations", 0, "so many as fast as they go, then park; 0: until it is ended")
	size       = flag.Int("bytes", 4096, "payload of each operation")
)

// alive counts payloads that no collection has found unreachable, where the program shall park.
var alive atomic.Int64

func main() {
	flag.Parse()
	found, known := pairs[*leak]
	if !known {
		fmt.Fprintln(os.Stderr, "no such leak:", *leak)
		os.Exit(2)
	}
	server, stop := context.WithCancel(context.Background())
	defer stop()
	operation := found.leaky
	if *repaired {
		operation = found.repaired
	}
	if *operations > 0 {
		goTell()
		serve(server, operation, *operations)
		park()
	}
	runtime.MemProfile(nil, false) // the linker turns the profile off where nothing asks for it: in a service something does
	go report.ExitAtEnd()
	for range time.Tick(time.Second / ticks) {
		serve(server, operation, *rate/ticks)
	}
}

//go:noinline
func serve(server context.Context, operation func(context.Context, []byte), times int) {
	for i := 0; i < times; i++ {
		operation(server, payload())
	}
}

func payload() []byte {
	made := make([]byte, *size)
	for at := 0; at < len(made); at += page { // as one that was read into: untouched pages are not resident
		made[at] = 1
	}
	if *operations > 0 {
		alive.Add(1)
		runtime.SetFinalizer(&made[0], func(*byte) { alive.Add(-1) })
	}
	return made
}

// work is what a request does; nothing of it outlives the request.
//
//go:noinline
func work(ctx context.Context, payload []byte) {
	if ctx.Err() == nil && len(payload) > 0 {
		payload[0]++
	}
}

var served = make(chan struct{})

// goTell starts the goroutine that tells the truth while main stays where it serves.
func goTell() {
	main := report.Goid()
	go func() {
		<-served
		t := &truth{Leak: *leak, Repaired: *repaired, Operations: *operations, Payload: *size, Alive: collected()}
		t.Main = main
		t.Observe()
		report.Print(t)
		report.ExitAtEnd()
	}()
}

// collected is how many payloads are alive once collections find no more of them dead.
func collected() int64 {
	for last := int64(-1); ; {
		runtime.GC()
		time.Sleep(20 * time.Millisecond) // finalizers and cleanups run on goroutines of their own
		if now := alive.Load(); now == last {
			return now
		} else {
			last = now
		}
	}
}

// end could be closed by anybody, so main may go on and stop the server.
var end = make(chan struct{})

//go:noinline
func park() {
	close(served)
	<-end
}
