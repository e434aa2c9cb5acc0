// Command spans allocates when a line comes in, and says what the runtime has counted meanwhile: nothing else allocates,
// not even the answer, and nothing is collected.
package main

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gdbext.example/samples/internal/report"
)

type truth struct{ report.Common }

type small struct{ _ [6]uintptr }

type node struct {
	next *node
	_    [9]uintptr
}

const (
	smalls = 20_000
	nodes  = 10_000
	large  = 25
	parked = 200
)

var (
	values        = make([]*small, smalls)
	first         *node
	blocks        = make([][]byte, large)
	before, after runtime.MemStats
	started       atomic.Int64
	line          = make([]byte, 0, 1024)
)

func park() {
	started.Add(1)
	select {}
}

//go:noinline
func allocate() {
	begun := started.Load()
	for i := 0; i < parked; i++ {
		go park()
	}
	for started.Load() < begun+parked {
		runtime.Gosched()
	}
	for i := range values {
		values[i] = new(small)
	}
	chain()
	for i := 0; i < large; i++ {
		blocks[i] = make([]byte, 100_000)
	}
}

//go:noinline
func chain() {
	for i := 0; i < nodes; i++ {
		first = &node{next: first}
	}
}

func grown() {
	runtime.ReadMemStats(&before)
	allocate()
	runtime.ReadMemStats(&after)
	line = append(line[:0], '{')
	number("heap_inuse", after.HeapInuse-before.HeapInuse)
	number("stack_inuse", after.StackInuse-before.StackInuse)
	number("mallocs", after.Mallocs-before.Mallocs)
	number("total_alloc", after.TotalAlloc-before.TotalAlloc)
	number("numgc", uint64(after.NumGC-before.NumGC))
	number("large", large)
	line[len(line)-1] = '}'
	line = append(line, '\n')
}

func number(name string, value uint64) {
	line = append(line, '"')
	line = append(line, name...)
	line = append(line, "\":"...)
	line = strconv.AppendUint(line, value, 10)
	line = append(line, ',')
}

// spare has the runtime make more threads than are needed ever after: each has memory of its own, which it would
// allocate when a debugger lets the program go on.
func spare() {
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			moment := syscall.NsecToTimespec(50e6)
			syscall.Nanosleep(&moment, nil)
			all.Done()
		}()
	}
	all.Wait()
}

func main() {
	debug.SetGCPercent(-1)
	spare()
	for i := 0; i < 3; i++ { // what else it takes is there afterwards
		grown()
		time.Sleep(20 * time.Millisecond)
	}
	input := bufio.NewReader(os.Stdin)
	told := &truth{}
	told.Observe()
	time.AfterFunc(report.Bound, func() { os.Exit(3) })
	report.Print(told)
	for {
		if _, err := input.ReadByte(); err != nil {
			return
		}
		grown()
		os.Stdout.Write(line)
	}
}
