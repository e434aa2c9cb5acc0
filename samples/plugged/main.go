// Command plugged loads the plugin that its first argument names and lets it fill its own global variables: objects
// that only a plugin's variables hold, of types that only the plugin has.
package main

import (
	"os"
	"plugin"
	"runtime"

	"gdbext.example/samples/internal/report"
)

type truth struct {
	report.Common
	Nodes   int `json:"nodes"`
	Entries int `json:"entries"`
}

func main() {
	part, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	fill, err := part.Lookup("Fill")
	if err != nil {
		panic(err)
	}
	told := truth{}
	told.Nodes, told.Entries = fill.(func() (int, int))()
	told.Main = report.Goid()
	runtime.GC()
	go func() {
		told.Observe()
		report.Print(told)
		report.ExitAtEnd()
	}()
	select {}
}
