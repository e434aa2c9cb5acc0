// Command failsafe is a service with a timeout policy of github.com/failsafe-go/failsafe-go: each request runs under a
// context that lives as long as the service does. Until release 0.9.5 the policy drops the cancel function of the child
// that it makes for each execution (its issue 134); from 0.9.6 on it calls it.
//
// A module of its own, so that the other samples need nothing: tests give it a release.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/timeout"
)

var requests = flag.Int("requests", 4000, "that were served")

func main() {
	runtime.MemProfileRate = 4096
	flag.Parse()
	service, stop := context.WithCancel(context.Background())
	defer stop()
	executor := failsafe.With[int](timeout.New[int](time.Hour)).WithContext(service)
	for i := 0; i < *requests; i++ {
		if _, err := executor.GetWithExecution(serve); err != nil {
			panic(err)
		}
	}
	runtime.GC()
	runtime.GC()
	profile := make([]runtime.MemProfileRecord, 1) // who asks for the profile has the linker keep it
	runtime.MemProfile(profile, false)
	fmt.Printf("{\"pid\":%d}\nREADY\n", os.Getpid())
	os.Stdin.Read(make([]byte, 1))
}

func serve(execution failsafe.Execution[int]) (int, error) { return execution.Attempts(), nil }
