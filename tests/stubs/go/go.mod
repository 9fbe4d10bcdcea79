module github.com/milvus-io/milvus/client/v2

go 1.19
