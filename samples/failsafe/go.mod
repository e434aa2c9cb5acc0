module gdbext.example/samples/failsafe

go 1.21
