// Command scale is for measuring: as many contexts, goroutines and bytes as its flags say. The truth is a summary:
// counts by kind and state, and the biggest families.
package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type family struct {
	Address  string `json:"address"`
	Children int    `json:"children"`
}

type truth struct {
	report.Common
	Contexts   int                       `json:"contexts"`
	Kinds      map[string]map[string]int `json:"kinds"` // kind → state → how many
	Families   []family                  `json:"families"`
	Waiters    int                       `json:"waiters"`
	Goroutines int                       `json:"goroutines"`
	Stacks     int                       `json:"stacks"`
	Depth      int                       `json:"depth"`
	Holders    []holder                  `json:"holders"`
}

var (
	contexts   = flag.Int("contexts", 100_000, "how many contexts")
	goroutines = flag.Int("goroutines", 0, "how many goroutines with deep stacks")
	stacks     = flag.Int("stacks", 600, "how many of these stacks differ")
	depth      = flag.Int("depth", 16, "how many frames each has")
	waiters    = flag.Int("waiters", 100, "how many goroutines wait for contexts")
	ballast    = flag.Int("ballast", 0, "bytes of other objects")
	chain      = flag.Int("chain", 0, "how many values lie in one more chain")
	children   = flag.Int("children", 0, "how many children one more context has")
	holders    = flag.Int("holders", 0, "how many goroutines each wait for a context of their own")
	dropped    = flag.Int("requests", 0, "how many contexts with what a request made are lost below one more root")
	shared     = flag.Int("shared", 0, "how many values lie above all of these contexts")

	told = truth{Kinds: map[string]map[string]int{}}
	park = make(chan struct{})
	kept []context.Context
)

func count(kind, state string, n int) {
	if told.Kinds[kind] == nil {
		told.Kinds[kind] = map[string]int{}
	}
	told.Kinds[kind][state] += n
	told.Contexts += n
}

func note(parent context.Context, children int) {
	told.Families = append(told.Families, family{fmt.Sprintf("%#x", (*[2]uintptr)(unsafe.Pointer(&parent))[1]), children})
}

func main() {
	flag.Parse()
	debug.SetGCPercent(300)
	told.Main = report.Goid()
	n := *contexts
	bigFamily(n * 29 / 100)
	smallFamilies(n * 36 / 100)
	chains(n * 20 / 100)
	cancelled(n * 10 / 100)
	afterFuncs(n - told.Contexts)
	oneChain()
	oneFamily()
	leakRequests(*dropped)
	waitForContexts()
	holdContexts()
	deepGoroutines()
	heap = grow(*ballast)
	go tell()
	<-park
}

func tell() {
	runtime.GC()
	runtime.GC()
	told.Goroutines, told.Stacks, told.Depth = *goroutines, *stacks, *depth
	report.Settle("goroutines", func() bool { return runtime.NumGoroutine() >= *goroutines+*waiters+*holders })
	time.Sleep(200 * time.Millisecond)
	told.Observe()
	report.Print(told)
	report.ExitAtEnd()
}

// bigFamily: one parent, very many timeouts, held by their registration and their timers only.
func bigFamily(n int) {
	if n < 2 {
		return
	}
	parent, _ := context.WithCancel(context.Background())
	kept = append(kept, parent)
	for i := 1; i < n; i++ {
		_, cancel := context.WithTimeout(parent, time.Hour)
		_ = cancel
	}
	note(parent, n-1)
	count("*context.cancelCtx", "live", 1)
	count("*context.timerCtx", "live", n-1)
}

// smallFamilies: like requests: a cancelCtx with a value below it and four cancelCtx below that.
func smallFamilies(n int) {
	root, _ := context.WithCancel(context.Background())
	kept = append(kept, root)
	count("*context.cancelCtx", "live", 1)
	requests := (n - 1) / 6
	for i := 0; i < requests; i++ {
		request, cancel := context.WithCancel(root)
		value := context.WithValue(request, "id", i)
		for j := 0; j < 4; j++ {
			child, cancelChild := context.WithCancel(value)
			_, _ = child, cancelChild
		}
		if i%2 == 0 {
			kept = append(kept, value)
		}
		_ = cancel
	}
	note(root, requests)
	count("*context.cancelCtx", "live", requests*5)
	count("*context.valueCtx", "live", requests)
}

type depthKey int

// chains: one chain a quarter as long as there are values, the others 50 long.
func chains(n int) {
	kept = append(kept, values(context.Background(), n/4))
	for left := n - n/4; left > 0; left -= 50 {
		kept = append(kept, values(context.Background(), min(left, 50)))
	}
}

// values: one below the other.
func values(ctx context.Context, n int) context.Context {
	for i := 0; i < n; i++ {
		ctx = context.WithValue(ctx, depthKey(i), strconv.Itoa(i))
	}
	count("*context.valueCtx", "live", n)
	return ctx
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func cancelled(n int) {
	root, _ := context.WithCancel(context.Background())
	kept = append(kept, root)
	count("*context.cancelCtx", "live", 1)
	for i := 1; i < n; i++ {
		ctx, cancel := context.WithCancel(root)
		kept = append(kept, ctx)
		cancel()
	}
	count("*context.cancelCtx", "cancelled", n-1)
}

func afterFuncs(n int) {
	root, _ := context.WithCancel(context.Background())
	kept = append(kept, root)
	count("*context.cancelCtx", "live", 1)
	for i := 1; i < n; i++ {
		context.AfterFunc(root, func() {})
	}
	note(root, n-1)
	count("*context.afterFuncCtx", "live", n-1)
}

func waitForContexts() {
	for i := 0; i < *waiters; i++ {
		go func(ctx context.Context) { <-ctx.Done() }(kept[1])
	}
	told.Waiters = *waiters
}
