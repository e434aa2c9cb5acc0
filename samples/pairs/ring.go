package main

import "context"

// session and its context refer to each other. That alone would be garbage; but the server's context refers to the
// session's, as long as nobody calls cancel, and only the session could.
type session struct {
	ctx     context.Context
	cancel  context.CancelFunc
	payload []byte
}

type sessionKey struct{}

func ringOfStrong(server context.Context, payload []byte) {
	s := &session{payload: payload}
	s.ctx, s.cancel = context.WithCancel(context.WithValue(server, sessionKey{}, s))
	work(s.ctx, s.payload)
}
