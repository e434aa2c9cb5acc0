// Command goroutinescgo has goroutines inside C: in a C call, and in Go called back from C. It prints the truth as the other
// samples do.
package main

/*
#include <unistd.h>
extern void back(int);
static int waitInC(int fd) { char byte; return (int)read(fd, &byte, 1); }
static int outerInC(int fd) { return waitInC(fd) + 1; }
static void callBack(int n) { back(n); }
*/
import "C"

import (
	"syscall"

	"gdbext.example/samples/internal/report"
)

type plantRecord struct {
	Name string `json:"name"`
	Goid int64  `json:"goid"`
}

var told struct {
	report.Common
	Plants []plantRecord `json:"plants"`
}

var (
	park = make(chan struct{})
	ids  = make(chan int64)
)

//export back
func back(n C.int) {
	ids <- report.Goid()
	<-park
}

//go:noinline
func intoC(fd int) { C.outerInC(C.int(fd)) }

func planted(name string) {
	told.Plants = append(told.Plants, plantRecord{name, <-ids})
}

func main() {
	told.Main = report.Goid()
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		panic(err)
	}
	go func() {
		ids <- report.Goid()
		intoC(pipe[0])
	}()
	planted("in C")
	go func() { C.callBack(1) }()
	planted("called back from C")
	go tell()
	<-park
}

func tell() {
	report.Settle("every plant", func() bool {
		stacks := report.Stacks()
		parked := report.Parked(stacks, told.Main)
		for _, p := range told.Plants {
			parked = parked && report.Parked(stacks, p.Goid)
		}
		return parked
	})
	told.Observe()
	report.Print(told)
	report.ExitAtEnd()
}
