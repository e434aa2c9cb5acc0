package main

import (
	"os"
	"runtime/pprof"
)

// Stacks of every kind in the memory profile: inlined calls, methods, generic functions, recursion, closures.

type pair[T any] struct {
	one, other *T
}

type maker interface{ make(count int) }

type byValue struct{ factor int }

var made []any

func inner(count int) []uint64   { return make([]uint64, 100+count) }
func middle(count int) []uint64  { return inner(2 * count) }
func inlined(count int) []uint64 { return middle(count + 1) }

func generic[T any](value T) *pair[T] { return &pair[T]{&value, &value} }

//go:noinline
func apart[T any](value T) *pair[T] { return generic(value) }

func (b byValue) make(count int) { made = append(made, inlined(b.factor*count)) }

func again(depth int) []byte {
	if depth == 0 {
		return make([]byte, 900)
	}
	return again(depth - 1)
}

func plantProfile() {
	var through maker = byValue{3}
	pointer := maker(&byValue{2}) // the compiler makes a wrapper for it
	for i := 0; i < 40; i++ {
		through.make(i)
		pointer.make(i)
		made = append(made, apart([60]int{i}), apart([40]string{}), generic([50]float64{}), again(i%7), inlined(i))
		func() { made = append(made, make([]int32, 500)) }()
		defer func() { made = append(made, make([]int16, 800)) }()
	}
}

// writeProfile: what was counted up to the last collection is in it.
func writeProfile(name string) {
	file, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	if err := pprof.WriteHeapProfile(file); err != nil {
		panic(err)
	}
	if err := file.Close(); err != nil {
		panic(err)
	}
}
