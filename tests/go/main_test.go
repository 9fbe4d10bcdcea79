package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain runs the snippet, and tells whether it has closed all that it opened.
func TestMain(*testing.M) {
	before := sockets()
	main()
	for end := time.Now().Add(5 * time.Second); sockets() > before; {
		if time.Now().After(end) {
			fmt.Println("not closed")
			os.Exit(1)
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println("closed")
	os.Exit(0)
}

func sockets() (count int) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		target, _ := os.Readlink("/proc/self/fd/" + entry.Name())
		if strings.HasPrefix(target, "socket:") {
			count++
		}
	}
	return count
}
