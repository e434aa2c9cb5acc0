// Command arenas has cancel functions in memory of package arena: in structures, in a slice, in an arena that was freed.
// It says which contexts they cancel, and parks. To be built with GOEXPERIMENT=arenas.
package main

import (
	"arena"
	"context"
	"fmt"
	"reflect"
	"runtime"

	"gdbext.example/samples/internal/report"
)

type record struct {
	Address   string `json:"address"`
	Place     string `json:"place"`
	Reachable bool   `json:"reachable"`
}

type truth struct {
	report.Common
	Contexts []record `json:"contexts"`
	Chunk    string   `json:"chunk"` // where the live arena's first object lies
}

type owner struct {
	name   string
	pad    [5]uintptr
	cancel context.CancelFunc
	next   *owner
}

var (
	live   *arena.Arena
	first  *owner
	some   []context.CancelFunc
	others []*owner
	root   context.Context
	stop   context.CancelFunc
	told   truth
	park   = make(chan struct{})
)

func plant(place string, reachable bool) context.CancelFunc {
	ctx, cancel := context.WithCancel(root)
	at := fmt.Sprintf("%#x", reflect.ValueOf(ctx).Pointer())
	told.Contexts = append(told.Contexts, record{at, place, reachable})
	return cancel
}

func main() {
	told.Main = report.Goid()
	root, stop = context.WithCancel(context.Background())
	live = arena.NewArena()
	for i := 0; i < 20; i++ {
		one := arena.New[owner](live)
		*one = owner{name: "a", cancel: plant("structure", true), next: first}
		first = one
	}
	told.Chunk = fmt.Sprintf("%p", first)
	some = arena.MakeSlice[context.CancelFunc](live, 40, 40)
	for i := range some {
		some[i] = plant("slice", true)
	}
	for i := 0; i < 20; i++ {
		one := &owner{name: "h", cancel: plant("of the heap", true)}
		arena.New[*owner](live)
		others = append(others, one)
		_ = plant("dropped", false)
	}
	gone()
	scrub()
	go tell()
	<-park
}

// gone fills an arena and frees it: what it had is lost.
//
//go:noinline
func gone() {
	freed := arena.NewArena()
	var last *owner
	for i := 0; i < 250000; i++ { // several chunks, the last of which may be used again
		one := arena.New[owner](freed)
		one.next, last = last, one
		if i%12500 == 0 {
			one.cancel = plant("freed", false)
		}
	}
	runtime.KeepAlive(last)
	freed.Free()
}

func tell() {
	report.Settle("main", func() bool { return report.Parked(report.Stacks(), told.Main) })
	runtime.GC()
	runtime.GC()
	told.Observe()
	report.Print(&told)
	report.ExitAtEnd()
}

// scrub overwrites what calls left on the stack.
//
//go:noinline
func scrub() {
	var words [4096]uintptr
	runtime.KeepAlive(&words)
}
