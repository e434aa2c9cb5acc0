// Command growth grows in steps, one for each byte on its standard input, and says before each what it has: objects by
// type, where some of them lie and which of them are new, contexts. The memory profile samples every allocation, and
// nothing is collected but where a step says so.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type order struct {
	next *order
	id   [5]uintptr
}

type item struct {
	next *item
	_    [7]uintptr
}

type blob struct {
	next *blob
	_    [86]uintptr // with a malloc header it fits the slot of 704 bytes
}

// An anchor lies between two blobs: what a collection frees then are holes, which the next blobs fill.
type anchor struct {
	next *anchor
	_    [86]uintptr
}

type key string

type truth struct {
	report.Common
	Orders  int               `json:"orders"`
	Items   int               `json:"items"`
	Blobs   map[string]int    `json:"blobs"` // the step that made each, by its address
	Sizes   map[string]int    `json:"sizes"`
	Made    map[string]int    `json:"made"` // orders by the function that made them
	Held    int               `json:"held"`
	Lost    int               `json:"lost"`
	Parents map[string]string `json:"parents"`
}

var (
	orders *order
	items  *item
	blobs  *blob
	fixed  *anchor
	told   = truth{Blobs: map[string]int{}, Made: map[string]int{}, Parents: map[string]string{}}

	serving, background context.Context
	stops               []context.CancelFunc
)

//go:noinline
func firstOrders(count int) {
	for i := 0; i < count; i++ {
		orders = &order{next: orders}
	}
	told.Orders, told.Made["main.firstOrders"] = told.Orders+count, told.Made["main.firstOrders"]+count
}

//go:noinline
func moreOrders(count int) {
	for i := 0; i < count; i++ {
		orders = &order{next: orders}
	}
	told.Orders, told.Made["main.moreOrders"] = told.Orders+count, told.Made["main.moreOrders"]+count
}

func setItems(count int) {
	items = nil
	for i := 0; i < count; i++ {
		items = &item{next: items}
	}
	told.Items = count
}

// renewBlobs: what was made at other steps is gone; some of the new ones lie where they did.
func renewBlobs(step, count int) {
	blobs, told.Blobs = nil, map[string]int{}
	runtime.GC()
	runtime.GC()
	for i := 0; i < count; i++ {
		blobs = &blob{next: blobs}
		if step == 0 {
			fixed = &anchor{next: fixed}
		}
		told.Blobs[fmt.Sprintf("%#x", uintptr(unsafe.Pointer(blobs)))] = step
	}
}

func hold(count int) {
	for i := 0; i < count; i++ {
		_, cancel := context.WithCancel(serving)
		stops = append(stops, cancel)
	}
	told.Held += count
}

//go:noinline
func lose(count int) {
	for i := 0; i < count; i++ {
		context.WithCancel(background)
	}
	told.Lost += count
}

func address(ctx context.Context) string {
	return fmt.Sprintf("%#x", uintptr((*[2]unsafe.Pointer)(unsafe.Pointer(&ctx))[1]))
}

func plant() {
	var cancel context.CancelFunc
	serving, cancel = context.WithCancel(context.WithValue(context.Background(), key("who"), "growth"))
	stops = append(stops, cancel)
	background, cancel = context.WithCancel(context.Background())
	stops = append(stops, cancel)
	told.Parents["held"], told.Parents["lost"] = address(serving), address(background)
	told.Sizes = map[string]int{
		"main.order": int(unsafe.Sizeof(order{})),
		"main.item":  int(unsafe.Sizeof(item{})),
		"main.blob":  int(unsafe.Sizeof(blob{})),
	}
}

func main() {
	runtime.MemProfileRate = 1
	debug.SetGCPercent(-1)
	plant()
	steps := []func(int){
		func(step int) { firstOrders(1000); setItems(100); renewBlobs(step, 60); hold(20); lose(50) },
		func(step int) { moreOrders(500); setItems(40); renewBlobs(step, 60); hold(5); lose(300) },
		func(step int) { moreOrders(70); lose(10) },
	}
	for number, step := range steps {
		step(number)
		told.Main = report.Goid()
		told.Observe()
		report.Print(told)
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return
		}
	}
	report.ExitAtEnd()
}
