"""How a server is reached and asked without pymilvus; every cause of a failure.

Not public: import from `milvus_nb` itself.
"""
