// SPDX-License-Identifier: MIT

// gin as in its documentation, in release mode and without middleware; 50 routes.
package main

import (
	"fmt"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"peer"
)

func plaintext(c *gin.Context) { c.String(http.StatusOK, "Hello, World!") }

func hello(c *gin.Context) { c.JSON(http.StatusOK, peer.Message{Message: "Hello, World!"}) }

func echo(c *gin.Context) {
	var o peer.Order
	if err := c.ShouldBindJSON(&o); err != nil {
		c.String(http.StatusUnprocessableEntity, err.Error())
		return
	}
	c.JSON(http.StatusOK, o)
}

func orderOfUser(c *gin.Context) {
	c.String(http.StatusOK, c.Param("id")+"/"+c.Param("order"))
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/", plaintext)
	router.GET("/json", hello)
	router.POST("/echo", echo)
	router.GET("/users/:id/orders/:order", orderOfUser)
	for i := 0; i < 23; i++ {
		collection := fmt.Sprintf("/api/v1/collection_%d", i)
		router.GET(collection+"/", plaintext)
		router.GET(collection+"/:id", func(c *gin.Context) { c.String(http.StatusOK, c.Param("id")) })
	}
	peer.Run(func(listener net.Listener) error { return http.Serve(listener, router) })
}
