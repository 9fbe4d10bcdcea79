"""pymilvus and Milvus Lite, in their versions."""
