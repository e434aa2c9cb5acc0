package main

import (
	"context"
	"runtime"
	"sync/atomic"
)

// busy goroutines are stopped anywhere: one for each program, or nothing else would run.
var (
	enough atomic.Bool
	busy   bool
	sink   atomic.Pointer[[]byte]
)

// A spinner goes on until it is enough, and has the cancel function in its hands alone.
var spinners = []func(context.CancelFunc){
	func(cancel context.CancelFunc) {
		for number := 0; !enough.Load(); number++ {
		}
		cancel()
	},
	func(cancel context.CancelFunc) {
		from, to := make([]byte, 1<<20), make([]byte, 1<<20)
		for !enough.Load() {
			copy(to, from)
			runtime.Gosched() // inside of memmove nobody is preempted
		}
		cancel()
	},
	func(cancel context.CancelFunc) {
		for left := 1 << 16; !enough.Load(); { // nothing is collected any more: not more than that
			if left > 0 {
				made := make([]byte, 100)
				sink.Store(&made)
				left--
			}
		}
		cancel()
	},
	func(cancel context.CancelFunc) {
		for !enough.Load() {
			grow(20, cancel)
		}
		cancel()
	},
	func(cancel context.CancelFunc) {
		for !enough.Load() {
			made := make([]context.CancelFunc, 64)
			for i := range made {
				made[i] = cancel
			}
			runtime.KeepAlive(made)
		}
		cancel()
	},
}

// grow uses so much stack that it has to be copied now and then.
//
//go:noinline
func grow(depth int, cancel context.CancelFunc) int {
	var room [512]byte
	if depth == 0 {
		runtime.Gosched()
		return len(room)
	}
	return grow(depth-1, cancel) + int(room[depth])
}

func spin(cancel context.CancelFunc) func() {
	if busy {
		return nil
	}
	busy = true
	started, done := make(chan bool), make(chan bool)
	work := spinners[dice.Intn(len(spinners))]
	go func() {
		started <- true
		work(cancel)
		close(done)
	}()
	<-started
	return func() { enough.Store(true); <-done }
}
