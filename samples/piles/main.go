// Command piles has contexts by the thousand that are not lost: held by one variable, cancelled and kept by another, waited
// for by a crowd; and, as a server under load has, one in the hands of each of many goroutines. With -hooks there are
// AfterFuncs that nothing can stop. It says how many, and parks.
package main

import (
	"context"
	"flag"
	"fmt"
	"reflect"
	"runtime"

	"gdbext.example/samples/internal/report"
)

type key struct{}

type session struct {
	cancel context.CancelFunc
	next   *session
}

type truth struct {
	report.Common
	Held      int    `json:"held"`      // by registry, not one by one
	Cancelled int    `json:"cancelled"` // kept by history
	Crowd     int    `json:"crowd"`     // goroutines that wait for Shared alone
	Loaded    int    `json:"loaded"`    // contexts of a goroutine each
	Value     int    `json:"value"`     // bytes that each that was cancelled keeps
	Shared    string `json:"shared"`
}

var (
	many     = flag.Int("many", 1500, "of each")
	hooks    = flag.Int("hooks", 0, "AfterFuncs of Shared, of Value bytes each")
	registry = map[int]*session{}
	history  []context.Context
	shutdown context.CancelFunc
	told     truth
	park     = make(chan struct{})
	started  = make(chan int64)
	waiting  []int64
)

func main() {
	flag.Parse()
	told.Main, told.Value = report.Goid(), 512
	told.Held, told.Cancelled, told.Crowd, told.Loaded = *many, *many, *many, *many
	ctx, cancel := context.WithCancel(context.Background())
	shutdown = cancel
	told.Shared = fmt.Sprintf("%#x", reflect.ValueOf(ctx).Pointer())
	for i := 0; i < *many; i++ {
		register(i)
		remember()
		run(func() { <-ctx.Done() })
		run(serve)
	}
	for i := 0; i < *hooks; i++ {
		hook(ctx)
	}
	go tell()
	<-park
}

// hook leaves something to be done at the end, and forgets what would stop it.
func hook(ctx context.Context) {
	value := make([]byte, told.Value)
	context.AfterFunc(ctx, func() { value[0]++ })
}

// register puts a cancel function into a map that nobody empties.
func register(number int) {
	_, cancel := context.WithCancel(context.Background())
	registry[number] = &session{cancel: cancel}
}

// remember keeps a context that has ended, and with it what it carried.
func remember() {
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, make([]byte, told.Value)))
	cancel()
	history = append(history, ctx)
}

// serve is a request that is at work.
func serve() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	select {
	case <-ctx.Done():
	case <-park:
	}
}

func run(work func()) {
	go func() {
		started <- report.Goid()
		work()
	}()
	waiting = append(waiting, <-started)
}

func tell() {
	report.Settle("waiters", func() bool {
		stacks := report.Stacks()
		for _, goid := range []int64{told.Main, waiting[0], waiting[len(waiting)-1]} {
			if !report.Parked(stacks, goid) {
				return false
			}
		}
		return true
	})
	runtime.GC()
	runtime.GC()
	told.Observe()
	report.Print(&told)
	report.ExitAtEnd()
}
