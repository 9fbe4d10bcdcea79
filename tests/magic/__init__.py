"""`%milvus`, as it is typed."""
