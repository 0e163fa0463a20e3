// SPDX-License-Identifier: MIT
// go_net_http_drain PORT: like drain_server, with net/http and Shutdown.
package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func sleep(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/sleep/"))
	if err != nil {
		http.Error(w, "not a number", http.StatusBadRequest)
		return
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	io.WriteString(w, "slept\n")
}

func main() {
	http.HandleFunc("/sleep/", sleep)
	server := &http.Server{Addr: "127.0.0.1:" + os.Args[1]}
	stopped := make(chan struct{})
	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		close(stopped)
	}()
	server.ListenAndServe()
	<-stopped
}
