// Command pending has timers of every kind, finalizers, cleanups and weak pointers that wait, and says which.
package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type timer struct {
	Kind     string `json:"kind"`
	Seconds  int64  `json:"seconds"`  // until it fires, when it was made
	Period   int64  `json:"period"`   // in nanoseconds
	Function string `json:"function"` // what is called; "" where that is not the program's
	Goid     int64  `json:"goid"`     // who sleeps
	Context  string `json:"context"`
}

type special struct {
	Kind     string `json:"kind"`
	Address  string `json:"address"`
	Function string `json:"function"`
	Type     string `json:"type"`
}

type truth struct {
	report.Common
	Timers   []timer   `json:"timers"`
	Stopped  int       `json:"stopped"`
	Async    bool      `json:"async"` // timers of channels that nobody waits for are looked after
	Specials []special `json:"specials"`
	Dropped  int       `json:"dropped"` // objects with finalizers that nothing has held since the last collection
	Queued   int       `json:"queued"`  // finalizers that wait for one that blocks, with that one
}

type thing struct {
	number int
	next   *thing
}

var (
	told     truth
	contexts []context.Context
	timers   []*time.Timer
	things   []*thing
	more     []func() // plants of newer releases
	park     = make(chan struct{})
)

var blocks atomic.Bool

func called()              {}
func blocked(*thing)       { blocks.Store(true); <-park }
func dropped(*thing)       {}
func finalized(one *thing) { one.number = 0 }

//go:noinline
func leakTimeouts(count int, after time.Duration) {
	for i := 0; i < count; i++ {
		ctx, _ := context.WithTimeout(context.Background(), after) //nolint:govet // that is what this is about
		contexts = append(contexts, ctx)
		at := fmt.Sprintf("%#x", uintptr((*[2]unsafe.Pointer)(unsafe.Pointer(&ctx))[1]))
		told.Timers = append(told.Timers, timer{Kind: "function", Seconds: int64(after / time.Second), Context: at})
	}
}

//go:noinline
func elsewhere(count int) { leakTimeouts(count, 3*time.Hour) }

func plantTimers() {
	leakTimeouts(30, 2*time.Hour)
	elsewhere(12)
	timers = append(timers, time.AfterFunc(4*time.Hour, called))
	told.Timers = append(told.Timers, timer{Kind: "function", Seconds: 4 * 3600, Function: "main.called"})
	for i := 0; i < 5; i++ {
		timers = append(timers, time.AfterFunc(time.Hour, called))
		timers[len(timers)-1].Stop()
		told.Stopped++
	}
	timers[0].Reset(5 * time.Hour) // later than it was
	told.Timers[len(told.Timers)-1].Seconds = 5 * 3600
	goids := make(chan int64)
	go func() {
		goids <- report.Goid()
		time.Sleep(6 * time.Hour)
	}()
	told.Timers = append(told.Timers, timer{Kind: "sleep", Seconds: 6 * 3600, Goid: <-goids})
	go func() {
		goids <- report.Goid()
		for range time.NewTicker(7 * time.Hour).C {
		}
	}()
	told.Timers = append(told.Timers, timer{Kind: "channel", Seconds: 7 * 3600, Period: 7 * 3600 * 1e9})
	waiting := []int64{told.Timers[len(told.Timers)-2].Goid, <-goids}
	for _, hours := range []int{9, 10, 11} {
		ticker := newTicker(hours)
		go func() {
			goids <- report.Goid()
			<-ticker.C
		}()
		waiting = append(waiting, <-goids)
	}
	plantUnwaited()
	plantDeadline()
	report.Settle("sleepers", func() bool {
		stacks := report.Stacks()
		for _, goid := range waiting {
			if !report.Parked(stacks, goid) {
				return false
			}
		}
		return true
	})
}

// newTicker makes each at the same line: they are alike but for their periods.
//
//go:noinline
func newTicker(hours int) *time.Ticker {
	after := time.Duration(hours) * time.Hour
	told.Timers = append(told.Timers, timer{Kind: "channel", Seconds: int64(after / time.Second), Period: int64(after)})
	return time.NewTicker(after)
}

// plantUnwaited: the runtime looks after it only where channels of timers have room for a time, as until Go 1.22.
func plantUnwaited() {
	unwaited := time.NewTimer(12 * time.Hour)
	timers = append(timers, unwaited)
	if told.Async = cap(unwaited.C) == 1; told.Async {
		told.Timers = append(told.Timers, timer{Kind: "channel", Seconds: 12 * 3600})
	}
}

// plantDeadline waits for the network, until a deadline.
func plantDeadline() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	if err := listener.(*net.TCPListener).SetDeadline(time.Now().Add(8 * time.Hour)); err != nil {
		panic(err)
	}
	go listener.Accept()
	told.Timers = append(told.Timers, timer{Kind: "i/o deadline", Seconds: 8 * 3600})
}

func address(one *thing) string { return fmt.Sprintf("%#x", uintptr(unsafe.Pointer(one))) }

func newThing() *thing {
	one := &thing{number: len(things)}
	things = append(things, one)
	return one
}

func plantSpecials() {
	for i := 0; i < 3; i++ {
		one := newThing()
		runtime.SetFinalizer(one, finalized)
		told.Specials = append(told.Specials, special{"finalizer", address(one), "main.finalized", "main.thing"})
	}
}

//go:noinline
func dropWith(count int, finalizer func(*thing)) {
	for i := 0; i < count; i++ {
		runtime.SetFinalizer(&thing{number: i}, finalizer)
	}
}

func main() {
	runtime.MemProfileRate = 1
	debug.SetGCPercent(-1)
	told.Main = report.Goid()
	plantSpecials()
	for _, plants := range more {
		plants()
	}
	plantTimers()
	told.Dropped, told.Queued = 9, 5
	dropWith(told.Queued, blocked)
	for !blocks.Load() {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	dropWith(told.Dropped, dropped)
	told.Observe()
	report.Print(&told)
	go report.ExitAtEnd()
	<-park
	runtime.MemProfile(nil, true)
}
