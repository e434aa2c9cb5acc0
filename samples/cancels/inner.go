package main

import (
	"context"
	"reflect"
	"unsafe"
)

// inner is the context that a signal's context has inside: the one that is cancelled.
func inner(ctx context.Context) context.Context {
	value := reflect.ValueOf(ctx).Elem().FieldByName("Context")
	return *(*context.Context)(unsafe.Pointer(value.UnsafeAddr()))
}
