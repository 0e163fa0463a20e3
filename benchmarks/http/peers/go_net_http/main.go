// SPDX-License-Identifier: MIT

// Go's net/http as its documentation writes it, with encoding/json. At SIGTERM it prints how many heap
// objects it has allocated, since no tool can count those from outside.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

type message struct {
	Message string `json:"message"`
}

type line struct {
	ProductID  int64 `json:"product_id"`
	Quantity   int64 `json:"quantity"`
	PriceCents int64 `json:"price_cents"`
}

type order struct {
	ID         int64  `json:"id"`
	Customer   string `json:"customer"`
	Email      string `json:"email"`
	Note       string `json:"note"`
	TotalCents int64  `json:"total_cents"`
	Items      []line `json:"items"`
}

func (o *order) valid() bool {
	for _, l := range o.Items {
		if l.Quantity < 1 {
			return false
		}
	}
	return o.Customer != ""
}

func plaintext(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "Hello, World!")
}

func writeJSON(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func hello(w http.ResponseWriter, r *http.Request) { writeJSON(w, message{"Hello, World!"}) }

func echo(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !o.valid() {
		http.Error(w, "not an order", http.StatusUnprocessableEntity)
		return
	}
	writeJSON(w, o)
}

// /users/{id}/orders/{order} by hand: this ServeMux has no parameters.
func orderOfUser(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) != 5 || parts[3] != "orders" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, parts[2]+"/"+parts[4])
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

func main() {
	http.HandleFunc("/", plaintext)
	http.HandleFunc("/json", hello)
	http.HandleFunc("/users/", orderOfUser)
	http.HandleFunc("/echo", echo)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "go_net_http:", err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	go countAllocationsAtEnd()
	fmt.Fprintln(os.Stderr, http.Serve(listener, nil))
	os.Exit(1)
}
