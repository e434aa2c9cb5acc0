//go:build go1.24

package main

import (
	"context"
	"runtime"
	"sync"
	"weak"
)

// registry finds sessions by number as long as somebody else refers to them.
type registry struct {
	sync.Mutex
	last     uint64
	sessions map[uint64]weak.Pointer[session]
}

var sessions = registry{sessions: map[uint64]weak.Pointer[session]{}}

// ended is what is done once a session is gone. It must not refer to the session, which would keep it.
type ended struct {
	number uint64
	cancel context.CancelFunc
}

func (r *registry) add(s *session) uint64 {
	r.Lock()
	defer r.Unlock()
	r.last++
	r.sessions[r.last] = weak.Make(s)
	return r.last
}

func (r *registry) find(number uint64) *session {
	r.Lock()
	defer r.Unlock()
	return r.sessions[number].Value()
}

func (r *registry) drop(of ended) {
	r.Lock()
	defer r.Unlock()
	delete(r.sessions, of.number)
	of.cancel()
}

// ringOfWeak has the session's number in the context, and not the session: when the last user lets go of the session,
// it is collected, and that ends its context.
func ringOfWeak(server context.Context, payload []byte) {
	s := &session{payload: payload}
	number := sessions.add(s)
	s.ctx, s.cancel = context.WithCancel(context.WithValue(server, sessionKey{}, number))
	runtime.AddCleanup(s, sessions.drop, ended{number, s.cancel})
	work(s.ctx, sessions.find(number).payload)
	runtime.KeepAlive(s)
}
