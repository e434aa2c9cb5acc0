package main

import (
	"context"
	"runtime"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// plantDecoys makes what must not be listed: twins that no interface ever held as a context, twins held as plain values,
// freed contexts, and a dead stack slot that still points to a freed one.
func plantDecoys() []decoy {
	base := kept["cancel"]
	keptTwins.value = &valueTwin{base, "a", "b"}
	keptTwins.cancel = &cancelTwin{Context: base}
	keptTwins.timer = &timerTwin{cancelTwin: cancelTwin{Context: base}, deadline: time.Now()}
	keptTwins.after = &afterTwin{cancelTwin: cancelTwin{Context: base}}
	anonymous := &struct {
		context.Context
		a, b any
	}{base, "c", "d"}
	asAny := &valueTwin{base, "e", "f"}
	keptDecoys = append(keptDecoys, anonymous, asAny)
	decoys := []decoy{
		at("twin of valueCtx", unsafe.Pointer(keptTwins.value)),
		at("twin of cancelCtx", unsafe.Pointer(keptTwins.cancel)),
		at("twin of timerCtx", unsafe.Pointer(keptTwins.timer)),
		at("twin of afterFuncCtx", unsafe.Pointer(keptTwins.after)),
		at("twin of valueCtx, unnamed", unsafe.Pointer(anonymous)),
		at("twin of valueCtx, in an any", unsafe.Pointer(asAny)),
	}
	decoys = append(decoys, freed()...)
	return append(decoys, staleSlot())
}

func at(name string, pointer unsafe.Pointer) decoy {
	return decoy{Name: name, Address: hex(uintptr(pointer))}
}

//go:noinline
func freed() []decoy {
	value := context.WithValue(context.Background(), "freed", "value")
	cancel, _ := context.WithCancel(context.Background())
	timer, stop := context.WithTimeout(context.Background(), time.Millisecond)
	<-timer.Done() // fired: a stopped timer stays in the runtime's heap for a while and holds its context
	stop()
	return []decoy{
		{Name: "freed valueCtx", Address: address(value)},
		{Name: "freed cancelCtx", Address: address(cancel)},
		{Name: "freed timerCtx", Address: address(timer)},
	}
}

// staleSlot starts a goroutine that parks in a frame whose dead slots still hold a context.
func staleSlot() decoy {
	found := make(chan decoy)
	go stale(found)
	return <-found
}

//go:noinline
func stale(found chan<- decoy) {
	ctx, cancel := context.WithCancel(context.Background())
	d := decoy{Name: "stale stack slot", Address: address(ctx), Goid: report.Goid()}
	touch(ctx)
	cancel()
	found <- d
	<-park
}

//go:noinline
func touch(ctx context.Context) { runtime.KeepAlive(ctx.Err()) }
