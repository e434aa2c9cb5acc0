package main

import "context"

// resource is what a request opens, to be closed when the request or the server ends.
type resource struct{ payload []byte }

func (r *resource) close() { r.payload = nil }

// goroutineForEach starts a goroutine that waits for the server's end, not for the request's.
func goroutineForEach(server context.Context, payload []byte) {
	opened := &resource{payload}
	go func() {
		<-server.Done()
		opened.close()
	}()
	work(server, payload)
}

// afterFuncForEach needs no goroutine while nothing happens, and takes the function back when the request ends.
func afterFuncForEach(server context.Context, payload []byte) {
	opened := &resource{payload}
	stop := context.AfterFunc(server, opened.close)
	defer func() {
		if stop() {
			opened.close()
		}
	}()
	work(server, payload)
}
