package main

import "context"

// dropped makes contexts that nothing refers to when it returns: alone, below another such, below one that stays.
// No collection runs after it. Each on a goroutine of its own, so that no stack in use has had them.
func dropped(families int) []string {
	found := make(chan []string)
	stays, cancel := context.WithCancel(context.Background())
	keepCancel(cancel)
	var all []string
	for i := 0; i < families; i++ {
		go func() { found <- family(stays) }()
		all = append(all, <-found...)
	}
	return all
}

//go:noinline
func family(stays context.Context) []string {
	alone := context.WithValue(context.Background(), "dropped", "alone")
	parent, _ := context.WithCancel(context.Background())
	child, _ := context.WithCancel(parent)
	below := context.WithValue(stays, "dropped", "below one that stays")
	return []string{address(alone), address(parent), address(child), address(below)}
}
