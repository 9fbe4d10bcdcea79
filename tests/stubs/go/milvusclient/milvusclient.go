// Package milvusclient has the names of Milvus's client for Go that the snippets use, with their
// types and without their work, so that the snippets can be type-checked without the network.
package milvusclient

import (
	"context"
	"crypto/tls"
)

// ClientConfig has the fields that a snippet sets.
type ClientConfig struct {
	Address       string
	Username      string
	Password      string
	DBName        string
	EnableTLSAuth bool
	APIKey        string
}

// WithTLSConfig turns TLS on.
func (c *ClientConfig) WithTLSConfig(*tls.Config) *ClientConfig { return c }

// Client is a connection.
type Client struct{}

// ListCollectionOption says which collections.
type ListCollectionOption interface{}

// New connects.
func New(context.Context, *ClientConfig) (*Client, error) { return &Client{}, nil }

// NewListCollectionOption asks for all.
func NewListCollectionOption() ListCollectionOption { return nil }

// Close disconnects.
func (c *Client) Close(context.Context) error { return nil }

// ListCollections gives the names.
func (c *Client) ListCollections(context.Context, ListCollectionOption) ([]string, error) {
	return nil, nil
}
