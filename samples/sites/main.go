// Command sites allocates objects of several types in several functions, all of them sampled by the memory profile, and
// says what runtime.MemProfile knows of each function that made some.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"gdbext.example/samples/internal/report"
)

type order struct {
	next *order
	id   int
}

type item struct {
	name string
	tags [3]*order
}

type blob [700]byte

type truth struct {
	report.Common
	Sites []site `json:"sites"`
}

// A site is one stack of the profile: objects in use that one of the functions below made.
type site struct {
	Objects int64    `json:"objects"`
	Bytes   int64    `json:"bytes"`
	Frames  []string `json:"frames"` // innermost first: "function file:line"
}

var (
	orders []*order
	items  []*item
	blobs  []*blob
	lists  [][]*order
	park   = make(chan struct{})
)

//go:noinline
func makeOrder(id int) *order { return &order{id: id} }

//go:noinline
func makeManyOrders(count int) {
	for i := 0; i < count; i++ {
		orders = append(orders, &order{id: i})
	}
}

//go:noinline
func makeItem(name string) *item { return &item{name: name} }

//go:noinline
func makeBlob() *blob { return new(blob) }

// makeList: objects of several sizes by one stack.
//
//go:noinline
func makeList(length int) []*order { return make([]*order, length) }

//go:noinline
func throughHere(name string) { items = append(items, makeItem(name)) }

//go:noinline
func throughThere(name string) { items = append(items, makeItem(name)) }

func plant() {
	orders, items = make([]*order, 0, 400), make([]*item, 0, 100)
	for i := 0; i < 30; i++ {
		orders = append(orders, makeOrder(i))
	}
	makeManyOrders(200)
	for i := 0; i < 20; i++ {
		throughHere("here")
	}
	for i := 0; i < 7; i++ {
		throughThere("there")
	}
	for i := 0; i < 9; i++ {
		blobs = append(blobs, makeBlob())
	}
	for i := 1; i < 6; i++ {
		lists = append(lists, makeList(10*i))
	}
	for i := 0; i < 50; i++ {
		makeOrder(i).next = nil // garbage
	}
}

func main() {
	runtime.MemProfileRate = 1
	debug.SetGCPercent(-1)
	var told truth
	told.Main = report.Goid()
	plant()
	runtime.GC()
	runtime.GC()
	told.Sites = profiled()
	told.Observe()
	report.Print(&told)
	go report.ExitAtEnd()
	<-park
}

func profiled() (found []site) {
	records := make([]runtime.MemProfileRecord, 10_000)
	n, _ := runtime.MemProfile(records, false)
	for _, record := range records[:n] {
		one := site{Objects: record.InUseObjects(), Bytes: record.InUseBytes()}
		frames := runtime.CallersFrames(record.Stack())
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			one.Frames = append(one.Frames, fmt.Sprintf("%s %s:%d", frame.Function, frame.File, frame.Line))
		}
		for _, frame := range one.Frames {
			if strings.HasPrefix(frame, "main.make") && one.Objects > 0 {
				found = append(found, one)
				break
			}
		}
	}
	return found
}
