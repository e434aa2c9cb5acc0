package main

import (
	"context"
	"sync"
	"time"
)

// Eight functions that call each other as the digits of a number say: goroutine i's stack is i modulo -stacks, in base 8.
var steps [8]func(path, left int) int

func init() {
	steps = [8]func(path, left int) int{step0, step1, step2, step3, step4, step5, step6, step7}
}

//go:noinline
func next(path, left int) int {
	if left <= 0 {
		return rest(path)
	}
	return steps[path&7](path>>3, left-1)
}

//go:noinline
func step0(path, left int) int { return next(path, left-1) + 1 }

//go:noinline
func step1(path, left int) int { return next(path, left-1) + 2 }

//go:noinline
func step2(path, left int) int { return next(path, left-1) + 3 }

//go:noinline
func step3(path, left int) int { return next(path, left-1) + 4 }

//go:noinline
func step4(path, left int) int { return next(path, left-1) + 5 }

//go:noinline
func step5(path, left int) int { return next(path, left-1) + 6 }

//go:noinline
func step6(path, left int) int { return next(path, left-1) + 7 }

//go:noinline
func step7(path, left int) int { return next(path, left-1) + 8 }

var (
	locked  sync.Mutex
	kinds   = 5
	howRest int
)

// rest is where a goroutine stays; goroutines of the same path rest in different ways.
//
//go:noinline
func rest(int) int {
	locked.Lock()
	how := howRest
	howRest++
	locked.Unlock()
	switch how % kinds {
	case 0:
		<-park
	case 1:
		select {
		case <-park:
		case <-idle:
		}
	case 2:
		time.Sleep(time.Hour)
	case 3:
		never.Lock()
	default:
		<-context.Background().Done()
	}
	return 0
}

var (
	never sync.Mutex
	idle  = make(chan int)
)

func deepGoroutines() {
	never.Lock()
	for i := 0; i < *goroutines; i++ {
		go func(path int) { next(path, *depth) }(i % *stacks)
	}
}
