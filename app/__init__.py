"""How it is put together: the web application, the worker, the command line, the embedded services."""
