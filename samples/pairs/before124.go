//go:build !go1.24

package main

import "context"

// ringOfWeak needs weak pointers and cleanups. Before there were any, whoever used the session had to end it.
func ringOfWeak(server context.Context, payload []byte) {
	s := &session{payload: payload}
	s.ctx, s.cancel = context.WithCancel(context.WithValue(server, sessionKey{}, s))
	defer s.cancel()
	work(s.ctx, s.payload)
}
