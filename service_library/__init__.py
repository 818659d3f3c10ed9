"""Services: a versioned BPMN diagram with its forms and texts, as one package.

Assembling and checking a package (`package`), the services we ship (`library`), comparing two versions
(`compare`). Nothing here reads a clock, a database or a file outside the package data.
"""
