package main

import (
	"context"
	"reflect"
	"strconv"
	"strings"

	"gdbext.example/samples/internal/report"
)

// asContext turns a context found by reflection in an unexported field into an interface: reflect refuses Interface() on
// such values, but a pointer made anew at the same address is nobody's secret.
func asContext(pointer reflect.Value) context.Context {
	return reflect.NewAt(pointer.Type().Elem(), pointer.UnsafePointer()).Interface().(context.Context)
}

// libraryWaiters are the goroutines that the standard library started to wait for planted contexts, one each.
var libraryWaiters = map[string][]string{
	"context.(*cancelCtx).propagateCancel.func2": {"foreign", "child of foreign"},
	"os/signal.NotifyContext.func1":              {"signal.NotifyContext's own"},
}

// startedBy is the goroutine whose outermost function it is, or 0.
func startedBy(stacks, function string) int64 {
	for _, block := range strings.Split(stacks, "\n\n") {
		if strings.Contains(block, "\n"+function+"(") && strings.Contains(block, " [select") {
			number, _ := strconv.ParseInt(strings.Fields(block)[1], 10, 64)
			return number
		}
	}
	return 0
}

func libraryGoroutinesParked(stacks string) bool {
	for function := range libraryWaiters {
		if startedBy(stacks, function) == 0 {
			return false
		}
	}
	return true
}

func noteLibraryWaiters(f *forest) {
	stacks := report.Stacks()
	for function, names := range libraryWaiters {
		for _, n := range f.notes {
			for _, name := range names {
				if n.name == name {
					n.waiters = append(n.waiters, startedBy(stacks, function))
				}
			}
		}
	}
}
