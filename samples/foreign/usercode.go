//go:build !twins

package main

import (
	"context"
	"time"
	"unsafe"
)

func plantUserCode() {
	ids := make(chan int64)
	go waitThenUse(plantOne("used after a wait"), ids)
	waiting = append(waiting, <-ids)
	go waitOnly(plantUntyped("its channel is waited on"), ids)
	waiting = append(waiting, <-ids)
	go waitOnly(plantTimer("a timeout's channel is waited on"), ids)
	waiting = append(waiting, <-ids)
	go holdCancel(plantCancel("its cancel function is held"), ids)
	waiting = append(waiting, <-ids)
}

// plantOne: below a WithoutCancel, so that nobody registers it.
//
//go:noinline
func plantOne(name string) context.Context {
	value := context.WithValue(context.Background(), "k", "v")
	without := context.WithoutCancel(value)
	ctx, cancel := context.WithCancel(without)
	note(name+", value", value, "background")
	note(name+", without cancel", without, addressOf(value))
	note(name, ctx, addressOf(without)).Waiters = 1
	_ = cancel
	return ctx
}

//go:noinline
func plantUntyped(name string) <-chan struct{} {
	ctx, cancel := context.WithCancel(context.Background())
	return untyped(name, ctx, cancel)
}

//go:noinline
func plantTimer(name string) <-chan struct{} {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	return untyped(name, ctx, cancel)
}

func untyped(name string, ctx context.Context, _ context.CancelFunc) <-chan struct{} {
	note(name, ctx, "background").Waiters = 1
	raw = append(raw, (*[2]unsafe.Pointer)(unsafe.Pointer(&ctx))[1])
	return ctx.Done()
}

//go:noinline
func plantCancel(name string) context.CancelFunc {
	ctx, cancel := context.WithCancel(context.Background())
	note(name, ctx, "background")
	return cancel
}

func plantTwins() {}
