// SPDX-License-Identifier: MIT

// fasthttp as in its documentation, with encoding/json.
package main

import (
	"bytes"
	"encoding/json"

	"github.com/valyala/fasthttp"

	"peer"
)

func writeJSON(ctx *fasthttp.RequestCtx, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	ctx.Write(body)
}

func echo(ctx *fasthttp.RequestCtx) {
	var o peer.Order
	if err := json.Unmarshal(ctx.PostBody(), &o); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	if !o.Valid() {
		ctx.Error("not an order", fasthttp.StatusUnprocessableEntity)
		return
	}
	writeJSON(ctx, o)
}

// /users/{id}/orders/{order} by hand: fasthttp has no router.
func orderOfUser(ctx *fasthttp.RequestCtx) {
	parts := bytes.Split(ctx.Path(), []byte("/"))
	if len(parts) != 5 || string(parts[3]) != "orders" {
		ctx.NotFound()
		return
	}
	ctx.SetContentType("text/plain")
	ctx.Write(parts[2])
	ctx.WriteString("/")
	ctx.Write(parts[4])
}

func handle(ctx *fasthttp.RequestCtx) {
	path := ctx.Path()
	switch {
	case string(path) == "/":
		ctx.SetContentType("text/plain")
		ctx.WriteString("Hello, World!")
	case string(path) == "/json":
		writeJSON(ctx, peer.Message{Message: "Hello, World!"})
	case string(path) == "/echo" && ctx.IsPost():
		echo(ctx)
	case bytes.HasPrefix(path, []byte("/users/")):
		orderOfUser(ctx)
	default:
		ctx.NotFound()
	}
}

func main() {
	server := &fasthttp.Server{Handler: handle, Concurrency: 1 << 20}
	peer.Run(server.Serve)
}
