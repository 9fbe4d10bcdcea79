"""A connection as code, code as a connection, and the words of a line.

Not public: import from `milvus_nb` itself.
"""
