// Package main is built once, so that what the snippets import is fetched and compiled before the
// tests, which lay a snippet in its place.
package main

import (
	_ "github.com/milvus-io/milvus/client/v2/milvusclient"
	_ "google.golang.org/grpc"
	_ "google.golang.org/grpc/credentials"
)

func main() {}
