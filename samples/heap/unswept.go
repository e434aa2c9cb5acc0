package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"

	"gdbext.example/samples/internal/report"
)

// sayUnswept stops the process where a collection has marked and hardly begun to sweep: it says READY, waits until
// that has happened, and sends itself SIGSTOP. Who lets it go on gets the dump of the same objects, and a line.
func sayUnswept(file *os.File) {
	runtime.GOMAXPROCS(1) // sweeping in the background takes turns with this goroutine
	cycles := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(cycles)
	before, pid, done := cycles[0].Value.Uint64(), uintptr(os.Getpid()), []byte("DUMPED\n")
	for i := range survivors[:20_000] {
		survivors[i], dropped = new(node), new(node)
	}
	report.Print(told)
	go runtime.GC() // which yields after each span that it sweeps
	for i := 20_000; cycles[0].Value.Uint64() == before; i++ {
		survivors[i%len(survivors)] = new(node) // also while it marks
		if i%100 == 0 {
			runtime.Gosched()
			metrics.Read(cycles)
		}
	}
	_, _, _ = syscall.RawSyscall(syscall.SYS_KILL, pid, uintptr(syscall.SIGSTOP), 0)
	debug.WriteHeapDump(file.Fd())
	_, _ = syscall.Write(1, done)
	report.ExitAtEnd()
}

var survivors [50_000]*node
