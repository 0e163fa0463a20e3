// SPDX-License-Identifier: MIT

// Package peer is shared by the Go servers: the cases' bodies, announcing the port, and counting heap objects, which no
// external tool can count.
package peer

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

type Message struct {
	Message string `json:"message"`
}

type Line struct {
	ProductID  int64 `json:"product_id"`
	Quantity   int64 `json:"quantity" binding:"min=1"`
	PriceCents int64 `json:"price_cents"`
}

// The binding tags are gin's; the other servers call Valid.
type Order struct {
	ID         int64  `json:"id"`
	Customer   string `json:"customer" binding:"required,max=100"`
	Email      string `json:"email" binding:"email"`
	Note       string `json:"note" binding:"max=500"`
	TotalCents int64  `json:"total_cents"`
	Items      []Line `json:"items" binding:"min=1,dive"`
}

func (o *Order) Valid() bool {
	for _, l := range o.Items {
		if l.Quantity < 1 {
			return false
		}
	}
	return o.Customer != "" && len(o.Items) > 0
}

func countAllocationsAtEnd() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println("allocations", stats.Mallocs)
	os.Exit(0)
}

// Run serves on a free port of 127.0.0.1 until SIGTERM; then it prints the number of heap objects allocated.
func Run(serve func(net.Listener) error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	go countAllocationsAtEnd()
	fmt.Fprintln(os.Stderr, serve(listener))
	os.Exit(1)
}
