package main

import (
	"context"
	"strconv"
)

// What a service makes for a request, some 2.4 KB in 36 objects, and keeps for ever with a context that nobody can cancel.
type (
	request struct {
		id     string
		header map[string][]string
		user   *user
		orders []*order
		body   []byte
	}
	user struct {
		name string
		tier int
	}
	order struct {
		number int
		lines  []int
		note   string
	}
	requestKey struct{}
)

// leakRequests: each below one root that lives on, its cancel dropped.
func leakRequests(n int) {
	if n == 0 {
		return
	}
	root, _ := context.WithCancel(context.Background())
	kept = append(kept, root)
	for i := 0; i < n; i++ {
		_, cancel := context.WithCancel(context.WithValue(root, requestKey{}, serve(i)))
		_ = cancel
	}
	note(root, n)
	count("*context.cancelCtx", "live", n+1)
	count("*context.valueCtx", "live", n)
}

func serve(i int) *request {
	r := &request{
		id:     word("request", i),
		header: map[string][]string{},
		user:   &user{word("user", i%1000), i % 3},
		body:   make([]byte, 640),
	}
	for _, name := range [...]string{"Accept", "Host", "Trace", "Agent"} {
		r.header[name] = []string{word(name, i)}
	}
	for j := 0; j < 7; j++ {
		r.orders = append(r.orders, &order{i, make([]int, 8), word("order", j)})
	}
	return r
}

func word(name string, i int) string { return name + strconv.Itoa(i) }
