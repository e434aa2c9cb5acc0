// Command plugged loads the plugin that its first argument names and lets it fill its own global variables: objects
// that only a plugin's variables and closures hold, of types that only the plugin has.
package main

import (
	"os"
	"plugin"
	"runtime"

	"gdbext.example/samples/internal/report"
)

type truth struct {
	report.Common
	Nodes   int               `json:"nodes"`
	Entries int               `json:"entries"`
	At      map[string]string `json:"at"`
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
	told.Nodes, told.Entries, told.At = fill.(func() (int, int, map[string]string))()
	told.Main = report.Goid()
	runtime.GC()
	go func() {
		told.Observe()
		report.Print(told)
		report.ExitAtEnd()
	}()
	select {}
}
