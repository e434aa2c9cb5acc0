package main

import (
	"bytes"
	"context"
	"sync"
)

const head = 16 // bytes of a request that are kept

// heads are kept on purpose.
var heads struct {
	sync.Mutex
	all [][]byte
}

func keep(head []byte) {
	heads.Lock()
	defer heads.Unlock()
	heads.all = append(heads.all, head)
}

// slicePinned keeps sixteen bytes of a request, and with them the whole array that they are part of.
func slicePinned(server context.Context, payload []byte) {
	work(server, payload)
	keep(payload[:head])
}

func sliceCloned(server context.Context, payload []byte) {
	work(server, payload)
	keep(bytes.Clone(payload[:head]))
}
