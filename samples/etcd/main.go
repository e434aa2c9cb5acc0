// Command etcd is one member of etcd inside a program of its own: keys, watches and leases, and a profile over HTTP.
// A module of its own, for what it needs. It prints nothing; the last port listens when all is made.
package main

import (
	"context"
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"net/url"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
)

const keys, clients, watches, kinds = 20_000, 20, 10, 50

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Arguments: a folder, then ports: of clients, of other members, of the profile, and the one that says it is ready.
func main() {
	member := start(os.Args[1], os.Args[2], os.Args[3])
	go http.ListenAndServe("127.0.0.1:"+os.Args[4], nil)
	put(v3client.New(member.Server))
	for i := 0; i < clients; i++ {
		watch("127.0.0.1:" + os.Args[2])
	}
	must(http.ListenAndServe("127.0.0.1:"+os.Args[5], nil))
}

func start(folder, port, peers string) *embed.Etcd {
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.UnsafeNoFsync = folder, "error", true
	client, peer := at(port), at(peers)
	config.ListenClientUrls, config.AdvertiseClientUrls = client, client
	config.ListenPeerUrls, config.AdvertisePeerUrls = peer, peer
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	member, err := embed.StartEtcd(config)
	must(err)
	<-member.Server.ReadyNotify()
	return member
}

func at(port string) []url.URL {
	found, err := url.Parse("http://127.0.0.1:" + port)
	must(err)
	return []url.URL{*found}
}

func put(local *clientv3.Client) {
	for i := 0; i < keys; i++ {
		_, err := local.Put(context.Background(), fmt.Sprintf("/kind%d/name-%d", i%kinds, i), fmt.Sprintf("value %d", i))
		must(err)
	}
}

// watch makes one client with watches and a lease that it keeps alive.
func watch(member string) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{member}, DialTimeout: time.Minute})
	must(err)
	for i := 0; i < watches; i++ {
		prefix := fmt.Sprintf("/kind%d/", i)
		events := client.Watch(context.Background(), prefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify())
		<-events
		go func() {
			for range events {
			}
		}()
	}
	lease, err := client.Grant(context.Background(), 36000)
	must(err)
	_, err = client.KeepAlive(context.Background(), lease.ID)
	must(err)
}
