"""Web pages, API, database, accounts, files, jobs and command line: the server remembers what the core decides."""
