// Command churn is the adversary of a reader that does not stop its target: it collects garbage in a loop, makes
// contexts and goroutines as fast as it can, and keeps some contexts for good, whose truth it prints. A line on standard
// input is answered with what has happened since the last one.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type record struct {
	Address string `json:"address"`
	Kind    string `json:"kind"`
	Parent  string `json:"parent"`
	State   string `json:"state"`
}

type truth struct {
	report.Common
	Contexts []record `json:"contexts"`
}

type happened struct {
	Contexts     int64 `json:"contexts"`
	Goroutines   int64 `json:"goroutines"`
	Threads      int64 `json:"threads"`
	Collections  int64 `json:"collections"`
	LongestGapNs int64 `json:"longest_gap_ns"` // between two beats of a 1 ms heart: how long the program stood still
	ElapsedNs    int64 `json:"elapsed_ns"`
	// Of runtime.MemStats at that moment, with -buffers.
	Sys        uint64 `json:"Sys"`
	HeapSys    uint64 `json:"HeapSys"`
	StackInuse uint64 `json:"StackInuse"`
}

// weight is one of many objects with a pointer.
type weight struct {
	next *weight
	_    [31]uintptr
}

var (
	stable     = flag.Int("stable", 10_000, "contexts that stay")
	rate       = flag.Int("contexts", 0, "contexts made in a second; 0: as many as can be, -1: none")
	goroutines = flag.Int("goroutines", 0, "goroutines made in a second; 0: as many as can be, -1: none")
	collect    = flag.Bool("gc", true, "collect garbage in a loop")
	ballast    = flag.Int("ballast", 0, "bytes of other objects that stay")
	buffers    = flag.Int("buffers", 0, "buffers of 1 to 50 KB that are made anew all the time, 50 in a millisecond")
	threads    = flag.Int("threads", 0, "threads started and ended in a second; 0: none")
	duration   = flag.Duration("for", 0, "stop churning after this time; 0: never")

	kept    []context.Context
	weights *weight
	now     happened
	until   time.Time
	told    truth
)

func main() {
	flag.Parse()
	if *duration > 0 {
		until = time.Now().Add(*duration)
	}
	told.Main = report.Goid()
	plant(*stable)
	for made := 0; made < *ballast; made += int(unsafe.Sizeof(weight{})) {
		weights = &weight{next: weights}
	}
	runtime.GC()
	told.Observe()
	if *collect {
		go forever(func() { runtime.GC(); atomic.AddInt64(&now.Collections, 1) })
	}
	go paced(*rate, makeContexts)
	go paced(*goroutines, makeGoroutine)
	if *threads > 0 {
		go paced(*threads, makeThread)
	}
	if *buffers > 0 {
		go makeBuffers()
	}
	go beat()
	time.AfterFunc(report.Bound, func() { os.Exit(3) })
	report.Print(told)
	answer()
}

func plant(n int) {
	root, cancel := context.WithCancel(context.Background())
	_ = cancel
	hold(root, "*context.cancelCtx", "background")
	for parent := root; len(kept) < n; {
		if len(kept)%1000 == 0 {
			parent, _ = context.WithCancel(root)
			hold(parent, "*context.cancelCtx", address(root))
			continue
		}
		switch len(kept) % 3 {
		case 0:
			ctx, _ := context.WithCancel(parent)
			hold(ctx, "*context.cancelCtx", address(parent))
		case 1:
			ctx, _ := context.WithTimeout(parent, time.Hour)
			hold(ctx, "*context.timerCtx", address(parent))
		case 2:
			hold(context.WithValue(parent, "n", len(kept)), "*context.valueCtx", address(parent))
		}
	}
}

func address(ctx context.Context) string {
	return fmt.Sprintf("%#x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1])
}

func hold(ctx context.Context, kind, parent string) {
	kept = append(kept, ctx)
	told.Contexts = append(told.Contexts, record{address(ctx), kind, parent, "live"})
}

func forever(f func()) {
	for until.IsZero() || time.Now().Before(until) {
		f()
	}
}

// paced calls f so often that its results make up rate in a second.
func paced(rate int, f func() int64) {
	if rate < 0 {
		return
	}
	start, made := time.Now(), int64(0)
	forever(func() {
		made += f()
		if rate > 0 {
			time.Sleep(time.Duration(float64(made)/float64(rate)*1e9) - time.Since(start))
		}
	})
}

var last atomic.Value

func makeContexts() int64 {
	root, cancel := context.WithCancel(kept[0])
	for i := 0; i < 8; i++ {
		ctx, stop := context.WithCancel(context.WithValue(root, "i", i))
		last.Store([1]context.Context{ctx})
		defer stop()
	}
	cancel()
	atomic.AddInt64(&now.Contexts, 17)
	return 17
}

func makeGoroutine() int64 {
	done := make(chan struct{})
	go func() { close(done) }()
	<-done
	atomic.AddInt64(&now.Goroutines, 1)
	return 1
}

// makeThread: the runtime ends the thread of a goroutine that ends locked to it.
func makeThread() int64 {
	done := make(chan struct{})
	go func() { runtime.LockOSThread(); close(done) }()
	<-done
	atomic.AddInt64(&now.Threads, 1)
	return 1
}

func makeBuffers() {
	held, i := make([][]byte, *buffers), 0
	forever(func() {
		for end := i + 50; i < end; i++ {
			held[i%len(held)] = make([]byte, 1000+i%50*1000)
		}
		time.Sleep(time.Millisecond)
	})
}

func beat() {
	for before := time.Now(); ; {
		time.Sleep(time.Millisecond)
		at := time.Now()
		if gap := int64(at.Sub(before)); gap > atomic.LoadInt64(&now.LongestGapNs) {
			atomic.StoreInt64(&now.LongestGapNs, gap)
		}
		before = at
	}
}

func answer() {
	started := time.Now()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		stats := runtime.MemStats{}
		if *buffers > 0 {
			runtime.ReadMemStats(&stats)
		}
		line, _ := json.Marshal(happened{atomic.SwapInt64(&now.Contexts, 0), atomic.SwapInt64(&now.Goroutines, 0),
			atomic.SwapInt64(&now.Threads, 0), atomic.SwapInt64(&now.Collections, 0), atomic.SwapInt64(&now.LongestGapNs, 0), int64(time.Since(started)),
			stats.Sys, stats.HeapSys, stats.StackInuse})
		os.Stdout.Write(append(line, '\n'))
		started = time.Now()
	}
	os.Exit(0)
}
