// Memory says what lies where in its own memory: heap, data, zeroed data, constants.
package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type piece struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Bytes   string `json:"bytes"`
}

type truth struct {
	report.Common
	Threads []string `json:"threads"`
	Pieces  []piece  `json:"pieces"`
}

type pair struct {
	Number int64
	Text   string
	Both   [2]int32
}

var (
	data     = [4]uint64{0x1122334455667788, 2, 3, 4}
	zeroed   [32]byte
	constant = "a constant that lies in read-only data"
	shown    = pair{-7, "shown", [2]int32{-1, 2}}
	heap     []byte
)

func at(name string, where unsafe.Pointer, size int) piece {
	return piece{name, fmt.Sprintf("%#x", uintptr(where)), hex.EncodeToString(unsafe.Slice((*byte)(where), size))}
}

func threads() []string {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// A goroutine in a system call of its own keeps a second thread busy.
func block(ready chan<- struct{}) {
	runtime.LockOSThread()
	reader, _, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	close(ready)
	reader.Fd() // makes it blocking
	reader.Read(make([]byte, 1))
}

func main() {
	ready := make(chan struct{})
	go block(ready)
	<-ready
	heap = make([]byte, 3<<20)
	for i := range heap {
		heap[i] = byte(i * 7)
	}
	zeroed[5] = 5
	said := truth{}
	said.Observe()
	said.Main = report.Goid()
	said.Threads = threads()
	said.Pieces = []piece{
		at("heap", unsafe.Pointer(&heap[12345]), 64),
		at("whole heap", unsafe.Pointer(&heap[0]), 1<<16),
		at("data", unsafe.Pointer(&data), 32),
		at("zeroed", unsafe.Pointer(&zeroed), 32),
		at("constant", unsafe.Pointer(unsafe.StringData(constant)), len(constant)),
		at("shown", unsafe.Pointer(&shown), 32),
	}
	report.Print(said)
	report.ExitAtEnd()
}
