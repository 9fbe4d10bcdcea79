"""The one thread: when an endpoint is asked, what its state is, the whole check.

Not public: import from `milvus_nb` itself.
"""
