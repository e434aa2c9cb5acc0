//go:build go1.25

package main

import (
	"testing"
	"testing/synctest"
)

func within(t *testing.T, f func(*testing.T)) {
	synctest.Test(t, f)
}
