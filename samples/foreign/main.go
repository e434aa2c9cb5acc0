// Command foreign plants contexts that no context.Context interface refers to: children of a user's own context, which
// only their watchers hold, AfterFunc's, those that only a waiting goroutine knows. It prints the truth about them as one
// JSON line, then READY, and parks until its standard input is closed.
package main

import (
	"context"
	"flag"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// record is one context. Parent is an address, "background" or "". Registered is how many a parent's map holds.
// Waiters counts the goroutines blocked on its channel.
type record struct {
	Name       string `json:"name"`
	Address    string `json:"address"`
	Kind       string `json:"kind"`
	Parent     string `json:"parent"`
	Registered int    `json:"registered"`
	Waiters    int    `json:"waiters"`
}

type truth struct {
	report.Common
	Contexts []*record `json:"contexts"`
	Decoys   []string  `json:"decoys"`
}

var (
	many     = flag.Int("many", 40, "children of each parent")
	told     truth
	park     = make(chan struct{})
	watchers int
	waiting  []int64
)

func main() {
	flag.Parse()
	told.Main = report.Goid()
	plantForeign()
	plantAfterFuncs()
	plantUserCode()
	plantTwins()
	go tell()
	<-park
}

// tell runs on a goroutine of its own, so that the truth shows main where it stays.
func tell() {
	report.Settle("watchers and waiters", settled)
	runtime.GC()
	runtime.GC()
	told.Observe()
	report.Print(&told)
	report.ExitAtEnd()
}

func settled() bool {
	stacks := report.Stacks()
	for _, goid := range append(waiting, told.Main) {
		if !report.Parked(stacks, goid) {
			return false
		}
	}
	parked := 0
	for _, block := range strings.Split(stacks, "\n\n") {
		if strings.Contains(block, " [select") && strings.Contains(block, "\ncontext.(*cancelCtx).propagateCancel.func2(") {
			parked++
		}
	}
	return parked == watchers
}

// note writes down a context without keeping it.
func note(name string, ctx context.Context, parent string) *record {
	return noteAt(name, addressOf(ctx), reflect.TypeOf(ctx).String(), parent)
}

func noteAt(name, address, kind, parent string) *record {
	told.Contexts = append(told.Contexts, &record{Name: name, Address: address, Kind: kind, Parent: parent})
	return told.Contexts[len(told.Contexts)-1]
}

func addressOf(ctx context.Context) string { return hex((*[2]uintptr)(unsafe.Pointer(&ctx))[1]) }

func hex(address uintptr) string { return fmt.Sprintf("%#x", address) }

// noteAfterFunc: the stop function captures its context and nothing else.
func noteAfterFunc(name string, stop func() bool, parent string) *record {
	closure := *(**[2]uintptr)(unsafe.Pointer(&stop))
	return noteAt(name, hex(closure[1]), "*context.afterFuncCtx", parent)
}
