"""What every room needs of Python and its process: waiting, threads, forks, imports, text.

Not public: import from `milvus_nb` itself.
"""
