module gdbext.example/samples

go 1.21
