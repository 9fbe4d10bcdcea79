"""All connections of this kernel: opened, closed, adopted, remembered.

Not public: import from `milvus_nb` itself.
"""
