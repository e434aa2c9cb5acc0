// Command vectors has threads that hold known words in their vector registers and loop; it says which words, then READY.
// A byte on standard input makes the first of them execute an undefined instruction. As it takes no signals, the kernel
// dumps core right there.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// Most words that a register has, and most registers. Behind them there are eight mask registers.
const (
	lanes     = 8
	registers = 32
	masks     = 8
)

// table is what is loaded: a row for each register, of which narrower ones take the beginning.
type table [registers*lanes + masks]uint64

// thread says what one thread holds.
type thread struct {
	Tid int `json:"tid"`
	// Low are words of the first 32 bytes of registers 0 to 15, Words are all.
	Low   []string `json:"low"`
	Words []string `json:"words"`
}

type truth struct {
	report.Common
	Width   int      `json:"width"`
	Threads []thread `json:"threads"`
}

var (
	threads = flag.Int("threads", 2, "threads that hold something")
	loaded  [16]uint32
	die     [16]uint32
)

func main() {
	flag.Parse()
	debug.SetGCPercent(-1) // a loop in assembly is never preempted: a collection would wait for ever
	runtime.GOMAXPROCS(*threads + 2)
	told := truth{Width: width()}
	told.Main = report.Goid()
	told.Observe()
	said := make(chan thread)
	for i := 0; i < *threads; i++ {
		go hold(i, told.Width, said)
		told.Threads = append(told.Threads, <-said)
	}
	report.Settle("every loop", func() bool {
		for i := 0; i < *threads; i++ {
			if atomic.LoadUint32(&loaded[i]) == 0 {
				return false
			}
		}
		return true
	})
	report.Print(told)
	if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
		os.Exit(0)
	}
	atomic.StoreUint32(&die[0], 1)
	select {}
}

// width is that of the widest registers in bytes.
func width() int {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		panic(err)
	}
	line, _, _ := strings.Cut(string(text[strings.Index(string(text), "\nflags"):][1:]), "\n")
	has := func(flag string) bool { return strings.Contains(line+" ", " "+flag+" ") }
	switch {
	case has("avx512f") && has("avx512bw"):
		return 64
	case has("avx"):
		return 32
	}
	return 16
}

func hold(number, width int, said chan<- thread) {
	runtime.LockOSThread()
	takeNoSignals()
	var words table
	for i := range words {
		words[i] = 0xA5<<56 | uint64(number+1)<<48 | uint64(i/lanes)<<40 | uint64(i%lanes)<<32 | uint64(syscall.Gettid())
	}
	told := thread{Tid: syscall.Gettid()}
	for i, word := range words {
		text := fmt.Sprintf("%#x", word)
		register, lane := i/lanes, i%lanes
		if register < 16 && 8*lane < min(width, 32) {
			told.Low = append(told.Low, text)
		}
		if width == 64 && register <= registers || register < 16 && 8*lane < width {
			told.Words = append(told.Words, text)
		}
	}
	said <- told
	switch width {
	case 64:
		hold64(&words, &loaded[number], &die[number])
	case 32:
		hold32(&words, &loaded[number], &die[number])
	default:
		hold16(&words, &loaded[number], &die[number])
	}
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// takeNoSignals keeps the runtime from interrupting the thread: a handler uses vector registers itself.
func takeNoSignals() {
	every := ^uint64(0)
	block := uintptr(0)
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, block, uintptr(unsafe.Pointer(&every)), 0, 8, 0, 0); errno != 0 {
		panic(errno)
	}
}

// hold16 loads X0 to X15, hold32 Y0 to Y15, hold64 Z0 to Z31 and K0 to K7. They set loaded, and loop until die is set.

//go:noescape
func hold16(words *table, loaded, die *uint32)

//go:noescape
func hold32(words *table, loaded, die *uint32)

//go:noescape
func hold64(words *table, loaded, die *uint32)
