// Command syntax is for measuring: a heap of many types, as a real program has them. It parses and checks the standard
// library as often as -times says and keeps everything: syntax trees, types, what each identifier means.
package main

import (
	"flag"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"gdbext.example/samples/internal/report"
)

type truth struct {
	report.Common
	Packages int `json:"packages"`
	Files    int `json:"files"`
	Errors   int `json:"errors"`
}

// A library is the standard library, read once.
type library struct {
	fset     *token.FileSet
	context  build.Context
	packages map[string]*checked // by directory
	source   string
}

type checked struct {
	files []*ast.File
	types *types.Package
	info  *types.Info
}

var (
	goroot = flag.String("goroot", runtime.GOROOT(), "whose src is read")
	only   = flag.String("only", "", "packages below this directory of src only, and what they import")
	times  = flag.Int("times", 1, "how often")

	told truth
	kept []*library
)

func main() {
	flag.Parse()
	os.Setenv("GO111MODULE", "off") // else go/build asks the go command
	debug.SetGCPercent(400)
	told.Main = report.Goid()
	for i := 0; i < *times; i++ {
		kept = append(kept, read())
	}
	runtime.GC()
	runtime.GC()
	told.Observe()
	report.Print(told)
	report.ExitAtEnd()
}

func read() *library {
	l := &library{fset: token.NewFileSet(), context: build.Default, packages: map[string]*checked{}}
	l.context.GOROOT, l.context.CgoEnabled = *goroot, false
	l.source = filepath.Join(*goroot, "src")
	err := filepath.WalkDir(filepath.Join(l.source, *only), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		switch name := entry.Name(); {
		case name == "testdata", name == "cmd", name == "vendor", name == "builtin", strings.HasPrefix(name, "_"):
			return fs.SkipDir
		}
		l.check(path)
		return nil
	})
	if err != nil {
		panic(err)
	}
	return l
}

// Import is what go/types asks for the packages that others import.
func (l *library) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	folder := filepath.Join(l.source, path)
	if _, err := os.Stat(folder); err != nil {
		folder = filepath.Join(l.source, "vendor", path)
	}
	if found := l.check(folder); found != nil {
		return found.types, nil
	}
	return nil, os.ErrNotExist
}

// check gives nil for a directory without Go files.
func (l *library) check(folder string) *checked {
	if found, ok := l.packages[folder]; ok {
		return found
	}
	l.packages[folder] = nil
	built, err := l.context.ImportDir(folder, 0)
	if err != nil {
		return nil
	}
	made := &checked{info: newInfo()}
	for _, name := range built.GoFiles {
		file, err := parser.ParseFile(l.fset, filepath.Join(folder, name), nil, parser.ParseComments)
		count(err)
		made.files = append(made.files, file)
	}
	config := types.Config{Importer: l, FakeImportC: true, Error: count, Sizes: types.SizesFor("gc", runtime.GOARCH)}
	name := strings.TrimPrefix(strings.TrimPrefix(folder, l.source+"/"), "vendor/")
	made.types, _ = config.Check(name, l.fset, made.files, made.info)
	l.packages[folder] = made
	told.Packages++
	told.Files += len(made.files)
	return made
}

func count(err error) {
	if err != nil {
		told.Errors++
	}
}

func newInfo() *types.Info {
	return &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Instances:  map[*ast.Ident]types.Instance{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Implicits:  map[ast.Node]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
		Scopes:     map[ast.Node]*types.Scope{},
	}
}
