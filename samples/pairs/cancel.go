package main

import (
	"context"
	"time"
)

type payloadKey struct{}

// cancelForgotten leaves a child in the server's context for each request: nobody can take it out any more.
func cancelForgotten(server context.Context, payload []byte) {
	ctx, cancel := context.WithCancel(context.WithValue(server, payloadKey{}, payload))
	_ = cancel
	work(ctx, payload)
}

func cancelDeferred(server context.Context, payload []byte) {
	ctx, cancel := context.WithCancel(context.WithValue(server, payloadKey{}, payload))
	defer cancel()
	work(ctx, payload)
}

// timeoutForgotten keeps each request's context until its time is up, however early the work was done.
func timeoutForgotten(server context.Context, payload []byte) {
	ctx, cancel := context.WithTimeout(context.WithValue(server, payloadKey{}, payload), time.Hour)
	_ = cancel
	work(ctx, payload)
}

func timeoutDeferred(server context.Context, payload []byte) {
	ctx, cancel := context.WithTimeout(context.WithValue(server, payloadKey{}, payload), time.Hour)
	defer cancel()
	work(ctx, payload)
}
