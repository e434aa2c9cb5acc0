package main

import (
	"context"
	"fmt"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type holder struct {
	Goid    int64  `json:"goid"`
	Address string `json:"address"`
}

// oneChain: nothing but values, one below the other.
func oneChain() {
	if *chain > 0 {
		kept = append(kept, values(context.Background(), *chain))
	}
}

// oneFamily: as many children as wanted, each held by its registration only.
func oneFamily() {
	if *children == 0 {
		return
	}
	parent, _ := context.WithCancel(context.Background())
	kept = append(kept, parent)
	for i := 0; i < *children; i++ {
		_, cancel := context.WithCancel(parent)
		_ = cancel
	}
	note(parent, *children)
	count("*context.cancelCtx", "live", *children+1)
}

// holdContexts: like requests of a server that came through the same layers: each waits for its own context.
func holdContexts() {
	if *holders == 0 {
		return
	}
	server, _ := context.WithCancel(context.Background())
	kept = append(kept, server)
	above := values(server, *shared)
	ready := make(chan holder)
	for i := 0; i < *holders; i++ {
		ctx, cancel := context.WithCancel(above)
		_ = cancel
		go hold(ctx, ready)
		told.Holders = append(told.Holders, <-ready)
	}
	count("*context.cancelCtx", "live", *holders+1)
}

//go:noinline
func hold(ctx context.Context, ready chan<- holder) {
	ready <- holder{report.Goid(), fmt.Sprintf("%#x", (*[2]uintptr)(unsafe.Pointer(&ctx))[1])}
	<-ctx.Done()
}
