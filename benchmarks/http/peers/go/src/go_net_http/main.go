// SPDX-License-Identifier: MIT

// Go's net/http as in its documentation, with encoding/json.
package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"

	"peer"
)

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

func hello(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, peer.Message{Message: "Hello, World!"})
}

func echo(w http.ResponseWriter, r *http.Request) {
	var o peer.Order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !o.Valid() {
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

func main() {
	http.HandleFunc("/", plaintext)
	http.HandleFunc("/json", hello)
	http.HandleFunc("/users/", orderOfUser)
	http.HandleFunc("/echo", echo)
	peer.Run(func(listener net.Listener) error { return http.Serve(listener, nil) })
}
