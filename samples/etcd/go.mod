module gdbext.example/samples/etcd

go 1.21
